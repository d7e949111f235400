// Feedback apart from messages: toasts, the banner for a lost connection, and screen reader announcements.

import { h } from './dom.js'

const byId = (id) => document.getElementById(id)

/** Show a short text for some seconds; `kind` is 'info' or 'error'. */
export function toast(text, kind = 'info', seconds = 6) {
  const element = h('div', { class: `toast toast-${kind}`, role: kind === 'error' ? 'alert' : 'status' }, text)
  byId('toasts').append(element)
  setTimeout(() => element.remove(), seconds * 1000)
}

/** Announce a text to screen readers, politely: https://developer.mozilla.org/docs/Web/API/Document/ariaNotify. */
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
