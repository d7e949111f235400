// What the page says aside from messages: toasts, the banner of a lost connection, and words for screen readers.

import { h } from './dom.js'

const byId = (id) => document.getElementById(id)

/** Show a short notice for some seconds; kind is 'info' or 'error'. */
export function toast(text, kind = 'info', seconds = 6) {
  const element = h('div', { class: `toast toast-${kind}`, role: kind === 'error' ? 'alert' : 'status' }, text)
  byId('toasts').append(element)
  setTimeout(() => element.remove(), seconds * 1000)
}

/** Have a screen reader say a text when it is idle: https://developer.mozilla.org/docs/Web/API/Document/ariaNotify. */
export function announce(text) {
  if (document.ariaNotify) return document.ariaNotify(text)
  const region = byId('announcer')
  region.append(h('p', {}, text))
  while (region.children.length > 20) region.firstChild.remove()
}

export function banner(text) {
  const element = byId('banner')
  element.textContent = text
  element.hidden = !text
}
