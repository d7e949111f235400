// Images, video, audio and files of a message, and the lightbox.

import { h, icon, iconButton } from './dom.js'

const kindOf = (attachment) => (attachment.content_type ?? '').split('/')[0]
const isSpoiler = ({ flags = 0, filename = '', spoiler }) => Boolean(spoiler || flags & 8 || filename.startsWith('SPOILER_'))
/** Attachments have the flag 1 << 5, media in components (recognised by attachment_id) the flag 1 << 0. */
const isAnimated = ({ flags = 0, attachment_id: inComponent }) => Boolean(flags & (inComponent ? 1 : 32))

export function size(bytes) {
  if (bytes === undefined) return ''
  if (bytes < 1024) return `${bytes} bytes`
  return bytes < 1048576 ? `${(bytes / 1024).toFixed(1)} kB` : `${(bytes / 1048576).toFixed(2)} MB`
}

/** The attachments of a legacy message: images in a grid, then all other files. */
export function attachments(list) {
  const pictures = list.filter((item) => kindOf(item) === 'image' || (!item.content_type && item.width))
  const others = list.filter((item) => !pictures.includes(item))
  return [pictures.length ? gallery(pictures) : null, others.map((item) => playable(item) ?? fileCard(item))]
}

/** A grid of images: items have url, description?, width?, height?, spoiler?. */
export function gallery(items) {
  return h('div', { class: `gallery gallery-${Math.min(items.length, 4)}`, data: { count: items.length } },
    items.map((item) => playable(item) ?? picture(item, items.length === 1 ? 'single' : 'tile')))
}

function playable(item) {
  const kind = kindOf(item)
  if (kind !== 'video' && kind !== 'audio') return null
  return h(kind, { class: 'playable', src: item.url, controls: true, preload: 'metadata', 'aria-label': item.description ?? item.filename })
}

/** One image, which opens in a lightbox; a spoiler is covered until clicked. */
export function picture(item, shape) {
  const alt = item.description || item.filename || 'Image'
  const image = h('img', { src: item.url, alt, width: item.width, height: item.height, decoding: 'sync' })
  const anchor = h('a', { class: `picture picture-${shape}`, href: item.url, target: '_blank', rel: 'noopener', onclick: open }, image)
  if (item.width && item.height) anchor.style.setProperty('--ratio', `${item.width} / ${item.height}`)
  if (item.width) anchor.style.setProperty('--natural', `${item.width}px`)
  if (item.height && item.width) anchor.style.setProperty('--wide', item.width / item.height)
  if (item.description) anchor.append(h('span', { class: 'alt-badge', 'aria-hidden': 'true', title: item.description }, 'ALT'))
  if (isAnimated(item)) anchor.append(h('span', { class: 'moving-badge', 'aria-hidden': 'true' }, 'GIF'))
  image.addEventListener('error', () => anchor.classList.add('broken'))
  if (isSpoiler(item)) {
    anchor.classList.add('covered')
    anchor.append(h('span', { class: 'cover' }, 'Spoiler'))
  }

  function open(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    if (anchor.classList.contains('covered')) {
      anchor.classList.remove('covered')
      anchor.querySelector('.cover').remove()
    } else lightbox(item, alt)
  }
  return anchor
}

export function fileCard({ url, filename, name, size: bytes }) {
  const label = filename ?? name ?? 'file'
  return h('div', { class: 'file-card' }, icon('file'),
    h('div', {}, h('a', { href: url, download: label }, label), h('div', { class: 'muted' }, size(bytes))))
}

function lightbox(item, alt) {
  const close = () => dialog.close()
  const dialog = h('dialog', { class: 'lightbox', 'aria-label': 'Image', onclose: () => dialog.remove(), onclick: (event) => event.target === dialog && close() },
    iconButton('close', 'Close image', close),
    h('img', { src: item.url, alt, onclick: close }),
    h('div', { class: 'lightbox-caption' },
      item.description ? h('p', {}, item.description) : null,
      h('a', { href: item.url, target: '_blank', rel: 'noopener' }, 'Open original'), item.width ? ` · ${item.width} × ${item.height}` : ''))
  document.body.append(dialog)
  dialog.showModal()
}
