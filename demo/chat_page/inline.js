// Inline syntax of Discord's markdown: emphasis, code, spoilers, links, mentions and timestamps.

import { h, icon } from './dom.js'
import { displayName, isDirect, isThread } from './state.js'
import { full, inStyle } from './time.js'

const MESSAGE_LINK = /^https?:\/\/[^/]+\/channels\/(?:\d+|@me)\/(\d+)(?:\/(\d+))?\/?$/

const RULES = [
  [/\\([^0-9A-Za-z\s])/y, ([, character]) => character],
  [/(`+)([\s\S]*?[^`])\1(?!`)/y, ([, , code]) => h('code', { class: 'inline-code' }, code.trim())],
  [/\|\|([\s\S]+?)\|\|/y, ([, text], app) => spoiler(inline(text, app))],
  [/\*\*\*([\s\S]+?)\*\*\*/y, ([, text], app) => h('strong', {}, h('em', {}, inline(text, app)))],
  [/\*\*((?:\\[\s\S]|[^\\])+?)\*\*(?!\*)/y, ([, text], app) => h('strong', {}, inline(text, app))],
  [/__((?:\\[\s\S]|[^\\])+?)__(?!_)/y, ([, text], app) => h('u', {}, inline(text, app))],
  [/~~([\s\S]+?)~~/y, ([, text], app) => h('s', {}, inline(text, app))],
  [/\*(?=\S)((?:\\[\s\S]|\*\*|[^\\*])+?)(?<!\s)\*(?!\*)/y, ([, text], app) => h('em', {}, inline(text, app))],
  [/(?<![A-Za-z0-9])_(?=\S)((?:\\[\s\S]|__|[^\\_])+?)_(?![A-Za-z0-9_])/y, ([, text], app) => h('em', {}, inline(text, app))],
  [/\[((?:\\.|[^\]\\])+)\]\(<?(https?:\/\/[^\s)>]+)>?(?:\s+"[^"]*")?\)/y, ([, text, url], app) => link(url, app, inline(text, app))],
  [/<(https?:\/\/[^\s>]+)>/y, ([, url], app) => link(url, app)],
  [/https?:\/\/[^\s<>]*[^\s<>.,:;"'\])!?*_|~`]/y, ([url], app) => link(url, app)],
  [/<@!?(\d+)>/y, ([, id], app) => mention(`@${displayName(app.state.users.get(id))}`, id === app.state.me.id)],
  [/<@&(\d+)>/y, ([, id], app) => mention(`@${app.state.roles.find((role) => role.id === id)?.name ?? 'role'}`)],
  [/<#(\d+)>/y, ([, id], app) => channelLink(id, undefined, app)],
  [/<\/([^:>]+):\d+>/y, ([, name]) => mention(`/${name}`)],
  [/<a?:(\w+):\d+>/y, ([, name]) => `:${name}:`],
  [/<t:(-?\d+)(?::([tTdDfFR]))?>/y, ([, seconds, style], app) => moment(Number(seconds), style ?? 'f', app)],
  [/@(?:everyone|here)\b/y, ([text]) => mention(text, true)],
]

/** Nodes and strings for a text; line feeds become line breaks. */
export function inline(text, app) {
  const nodes = []
  let plain = ''
  const flush = () => {
    plain.split('\n').forEach((line, index) => nodes.push(index ? h('br') : null, line))
    plain = ''
  }
  for (let at = 0; at < text.length;) {
    const found = match(text, at)
    if (!found) {
      plain += text[at++]
      continue
    }
    flush()
    nodes.push(found.rule(found.parts, app))
    at += found.parts[0].length
  }
  flush()
  return nodes
}

function match(text, at) {
  for (const [pattern, rule] of RULES) {
    pattern.lastIndex = at
    const parts = pattern.exec(text)
    if (parts) return { parts, rule }
  }
  return null
}

const mention = (text, loud) => h('span', { class: loud ? 'mention mention-me' : 'mention' }, text)

function spoiler(children) {
  const reveal = () => {
    cover.removeAttribute('role')
    cover.removeAttribute('tabindex')
    cover.removeAttribute('aria-label')
    cover.classList.add('revealed')
  }
  const inner = h('span', { class: 'spoiler-text' }, children)
  const cover = h('span', {
    class: 'spoiler', role: 'button', tabindex: 0, 'aria-label': 'Spoiler, press to reveal', onclick: reveal,
    onkeydown: (event) => ['Enter', ' '].includes(event.key) && (event.preventDefault(), reveal()),
  }, inner)
  return cover
}

function moment(seconds, style, app) {
  const date = new Date(seconds * 1000)
  if (Number.isNaN(date.getTime())) return `<t:${seconds}>`
  return h('time', { class: 'moment', datetime: date.toISOString(), title: full(date, app.state.locale), 'data-relative': style === 'R' },
    inStyle(date, style, app.state.locale))
}

/** A link; one to a known message or channel opens inside the page, as in Discord's client. */
export function link(url, app, children) {
  const [, channel, message] = MESSAGE_LINK.exec(url) ?? []
  if (channel && app.state.channels.has(channel)) return channelLink(channel, message, app, children)
  return h('a', { href: url, target: '_blank', rel: 'noopener noreferrer', title: children ? url : undefined }, children ?? url)
}

/** The channel and message that a Discord URL refers to, if the page knows them; undefined for other URLs. */
export function inside(url, app) {
  const [, channel, message] = MESSAGE_LINK.exec(url) ?? []
  return channel && app.state.channels.has(channel) ? { channel, message } : undefined
}

function channelLink(id, message, app, children) {
  const channel = app.state.channels.get(id)
  if (!channel) return mention('#unknown')
  const name = children ?? [icon(isThread(channel) ? 'thread' : isDirect(channel) ? 'at' : 'hash'), app.state.nameOf(channel), message ? [icon('right'), icon('thread')] : null]
  const go = (event) => {
    event.preventDefault()
    app.go(id, message)
  }
  return h('a', { href: app.href(id), class: children ? '' : 'mention', onclick: go }, name)
}
