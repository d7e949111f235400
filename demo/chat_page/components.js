// Renders message components, V2 and legacy: https://docs.discord.com/developers/components/reference.

import { h, icon } from './dom.js'
import { colour } from './embeds.js'
import { inside } from './inline.js'
import { markdown } from './markdown.js'
import { fileCard, gallery, picture } from './media.js'
import { createSelect, emojiOf, optionsOf } from './select.js'

const BUTTONS = { 1: 'primary', 2: 'secondary', 3: 'success', 4: 'danger', 5: 'link', 6: 'secondary' }

/** Elements for the components of `message`; presses are passed to `app.press`. */
export const components = (list, message, app) => (list ?? []).map((item) => RENDER[item.type]?.(item, message, app) ?? unknown(item))

const RENDER = {
  1: (row, message, app) => h('div', { class: 'action-row' }, components(row.components, message, app)),
  2: button,
  3: select,
  5: select,
  6: select,
  7: select,
  8: select,
  9: (section, message, app) => h('div', { class: 'section' },
    h('div', { class: 'section-text' }, components(section.components, message, app)),
    h('div', { class: 'section-accessory' }, components([section.accessory], message, app))),
  10: (text, _message, app) => h('div', { class: 'markdown text-display' }, markdown(text.content, app)),
  11: (item) => picture(mediaOf(item), 'thumbnail'),
  12: (item) => gallery(item.items.map(mediaOf)),
  13: (item) => h('div', { class: item.spoiler ? 'covered' : '' }, fileCard({ url: item.file.url, filename: item.name ?? item.file.filename ?? lastPart(item.file.url), size: item.size })),
  14: ({ divider = true, spacing = 1 }) => h(divider ? 'hr' : 'div', { class: `separator separator-${spacing}` }),
  17: container,
}

const lastPart = (url) => decodeURIComponent(new URL(url, location.href).pathname.split('/').pop())
const mediaOf = ({ media, description, spoiler }) => ({ filename: lastPart(media.url), ...media, description, spoiler })
const unknown = ({ type }) => h('div', { class: 'muted' }, `This page does not support components of type ${type}.`)

function container(item, message, app) {
  const vars = typeof item.accent_color === 'number' ? { '--bar': colour(item.accent_color) } : {}
  return h('div', { class: `container${vars['--bar'] ? ' accented' : ''}`, vars }, components(item.components, message, app))
}

function button(item, message, app) {
  const { style, label, emoji, url, disabled, custom_id: id } = item
  const name = label ? undefined : emoji?.name
  const content = [emojiOf(emoji), label ? h('span', {}, label) : null]
  if (style === 5) {
    const target = inside(url, app)
    const go = (event) => target && (event.preventDefault(), app.go(target.channel, target.message))
    if (disabled) return h('button', { type: 'button', class: 'button button-link', disabled }, content, icon('link'))
    return h('a', {
      class: 'button button-link', href: target ? app.href(target.channel) : url, target: target ? undefined : '_blank', rel: 'noopener noreferrer', 'aria-label': name, onclick: go,
    }, content, icon('link'))
  }
  const press = app.state.presses.get(message.id)
  const isPending = press?.id === id && press.state === 'pending'
  return h('button', {
    type: 'button', class: `button button-${BUTTONS[style] ?? 'secondary'}`, 'aria-label': name, 'aria-busy': isPending ? 'true' : undefined,
    disabled, 'aria-disabled': press?.state === 'pending' ? 'true' : undefined, data: { customId: id }, onclick: () => app.press(message, item),
  }, content)
}

function select(item, message, app) {
  const key = `${message.id}:${item.custom_id}`
  return createSelect({
    ...item,
    label: item.placeholder ?? 'Make a selection',
    options: optionsOf(item, app.state, message.channel_id),
    values: app.state.chosen.get(key),
    commit: (values) => {
      app.state.chosen.set(key, values)
      app.press(message, item, values)
    },
  }).element
}
