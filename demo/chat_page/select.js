// A select menu: a button that opens a list from which one or several options can be chosen, by mouse or keyboard.

import { clear, h, icon, newId } from './dom.js'
import { displayName, isDirect, isThread } from './state.js'

export const emojiOf = (emoji) => emoji && h('span', { class: 'emoji', 'aria-hidden': 'true' }, emoji.id ? `:${emoji.name}:` : emoji.name)

const ENTITIES = {
  5: ({ users }) => people(users),
  6: (state, guild) => roles(state, guild),
  7: (state, guild) => [...people(state.users), ...roles(state, guild)],
  8: ({ channels }, guild, types) => [...channels.values()].filter((c) => !isDirect(c) && c.guild_id === guild && (!types?.length || types.includes(c.type)))
    .map((c) => ({ value: c.id, label: `${isThread(c) ? '' : '#'}${c.name}` })),
}
const people = (users) => [...users.values()].map((user) => ({ value: user.id, label: `@${displayName(user)}`, description: user.username }))
const roles = (state, guild) => (state.guilds.get(guild)?.roles ?? []).map((role) => ({ value: role.id, label: role.name.startsWith('@') ? role.name : `@${role.name}` }))

/** The options of a select of any type in `channelId`; role and channel selects list those of its server. */
export function optionsOf(item, state, channelId) {
  if (item.type === 3) return item.options
  const preset = new Set((item.default_values ?? []).map(({ id }) => id))
  return ENTITIES[item.type](state, state.channels.get(channelId)?.guild_id, item.channel_types).map((option) => ({ ...option, default: preset.has(option.value) }))
}

/**
 * `{label, placeholder, options, values?, min_values = 1, max_values = 1, disabled, custom_id, commit(values)}`.
 * A single choice is committed at once, several when the list closes.
 */
export function createSelect({ label, placeholder, options, values, min_values: min = 1, max_values: max = 1, disabled, custom_id: customId, commit }) {
  const chosen = new Set(values ?? options.filter((option) => option.default).map(({ value }) => value))
  const listId = newId('list')
  let active = -1
  let before = ''
  let typed = ''
  let typedAt = 0

  const face = h('span', { class: 'select-face' })
  const button = h('button', {
    type: 'button', class: 'select', role: 'combobox', 'aria-haspopup': 'listbox', 'aria-expanded': 'false', 'aria-controls': listId,
    'aria-label': label, disabled, data: { customId }, onclick: () => (isOpen() ? close() : open()), onkeydown: onKey,
  }, face, icon('down'))
  const rows = options.map((option, index) => h('div', {
    id: `${listId}-${index}`, role: 'option', class: 'option', onpointerdown: (event) => event.preventDefault(), onclick: () => toggle(index),
  }, emojiOf(option.emoji), h('span', { class: 'option-text' }, h('span', { class: 'option-name' }, option.label),
    option.description ? h('span', { class: 'option-note' }, option.description) : null), icon('check')))
  const list = h('div', { id: listId, role: 'listbox', class: 'options select-options', popover: 'manual', 'aria-label': label, 'aria-multiselectable': max > 1 ? 'true' : undefined }, rows)
  button.addEventListener('blur', () => close())
  draw()

  const isOpen = () => button.getAttribute('aria-expanded') === 'true'

  function draw() {
    const names = options.filter(({ value }) => chosen.has(value)).map((option) => option.label)
    clear(face, names.length ? names.join(', ') : h('span', { class: 'placeholder' }, placeholder ?? 'Make a selection'))
    rows.forEach((row, index) => row.setAttribute('aria-selected', chosen.has(options[index].value)))
  }

  function open() {
    before = [...chosen].join()
    button.setAttribute('aria-expanded', 'true')
    list.showPopover()
    place()
    addEventListener('scroll', onScroll, true)
    move(Math.max(0, options.findIndex(({ value }) => chosen.has(value))))
  }

  function place() {
    const box = button.getBoundingClientRect()
    const below = innerHeight - box.bottom
    const up = below < Math.min(list.offsetHeight + 8, 240) && box.top > below
    list.style.width = `${box.width}px`
    list.style.left = `${box.left}px`
    list.style.maxHeight = `${Math.max(120, Math.min(320, (up ? box.top : below) - 12))}px`
    list.style.top = up ? `${box.top - 4 - Math.min(list.offsetHeight, box.top - 12)}px` : `${box.bottom + 4}px`
  }

  function close() {
    if (!isOpen()) return
    button.setAttribute('aria-expanded', 'false')
    button.removeAttribute('aria-activedescendant')
    removeEventListener('scroll', onScroll, true)
    list.hidePopover()
    if (max > 1 && [...chosen].join() !== before && chosen.size >= min) commit([...chosen])
  }

  /** Keep the list at its button, and ignore scrolling elsewhere, such as when a message arrives. */
  const onScroll = (event) => event.target.contains(button) && place()

  function move(index) {
    rows[active]?.classList.remove('active')
    active = (index + rows.length) % rows.length
    rows[active]?.classList.add('active')
    rows[active]?.scrollIntoView({ block: 'nearest' })
    if (rows[active]) button.setAttribute('aria-activedescendant', rows[active].id)
  }

  function toggle(index) {
    const { value } = options[index]
    if (max > 1) {
      if (chosen.has(value)) chosen.delete(value)
      else if (chosen.size < max) chosen.add(value)
      draw()
      return
    }
    const wasChosen = chosen.has(value)
    chosen.clear()
    if (!wasChosen || min > 0) chosen.add(value)
    draw()
    close()
    commit([...chosen])
  }

  function onKey(event) {
    const { key } = event
    if (!isOpen()) {
      if (['ArrowDown', 'ArrowUp', 'Enter', ' '].includes(key)) {
        event.preventDefault()
        open()
      }
      return
    }
    if (key === 'Tab') return close()
    const moves = { ArrowDown: active + 1, ArrowUp: active - 1, Home: 0, End: rows.length - 1 }
    if (key in moves) move(moves[key])
    else if (key === 'Enter' || key === ' ') toggle(active)
    else if (key === 'Escape') close()
    else if (key.length === 1) seek(key, event.timeStamp)
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  function seek(key, now) {
    typed = now - typedAt < 800 ? typed + key.toLowerCase() : key.toLowerCase()
    typedAt = now
    const found = options.findIndex((option) => option.label.toLowerCase().replace(/^[@#]/, '').startsWith(typed))
    if (found >= 0) move(found)
  }

  return { element: h('div', { class: 'select-box' }, button, list), values: () => [...chosen], focus: () => button.focus() }
}
