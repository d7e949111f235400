// Renders embeds: author, title, description, fields, image and footer beside a coloured bar.

import { h } from './dom.js'
import { link } from './inline.js'
import { markdown } from './markdown.js'
import { picture } from './media.js'
import { stamp } from './time.js'

export const colour = (number) => `#${number.toString(16).padStart(6, '0')}`

/** One embed of a message (https://docs.discord.com/developers/resources/message#embed-object). */
export function embed(data, app) {
  const { author, title, url, description, fields = [], image, thumbnail, footer, timestamp, color } = data
  const foot = [footer?.text, timestamp ? stamp(timestamp, app.state.locale) : null].filter(Boolean).join(' · ')
  return h('article', { class: 'embed', 'aria-label': 'Embed', vars: typeof color === 'number' ? { '--bar': colour(color) } : {} },
    h('div', { class: 'embed-body' },
      author ? h('div', { class: 'embed-author' }, author.url ? link(author.url, app, author.name) : author.name) : null,
      title ? h('div', { class: 'embed-title' }, url ? link(url, app, title) : title) : null,
      description ? h('div', { class: 'markdown' }, markdown(description, app)) : null,
      fields.length ? h('dl', { class: 'embed-fields' }, fields.map(({ name, value, inline }) =>
        h('div', { class: inline ? 'inline' : '' }, h('dt', {}, name), h('dd', { class: 'markdown' }, markdown(value, app))))) : null,
      image ? picture(image, 'single') : null,
      foot ? h('div', { class: 'embed-foot' }, foot) : null),
    thumbnail ? picture(thumbnail, 'thumbnail') : null)
}
