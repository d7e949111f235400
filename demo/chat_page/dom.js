// Builds elements. Strings always become text nodes, so nothing that a user or a bot writes is parsed as HTML.

/** h('button', {class: 'x', onclick: f, 'aria-label': 'Send'}, 'text', node, null): null, false and undefined are omitted. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag)
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value)
    else if (key === 'data') Object.assign(element.dataset, value)
    else if (key === 'vars') for (const [name, v] of Object.entries(value)) element.style.setProperty(name, v)
    else if (key === 'value') element.value = value
    else element.setAttribute(key, value === true ? '' : value)
  }
  element.append(...present(children))
  return element
}

const present = (children) =>
  children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false)

export const clear = (element, ...children) => element.replaceChildren(...present(children))

let lastId = 0
export const newId = (prefix) => `${prefix}-${++lastId}`

const SVG = 'http://www.w3.org/2000/svg'
const STROKES = {
  hash: 'M9.5 4 7.5 20M16.5 4l-2 16M4.5 9h16M3.5 15h16',
  thread: 'M5 5h14v9h-7l-4 4v-4H5zM9 9h6',
  close: 'M6 6l12 12M18 6 6 18',
  menu: 'M4 7h16M4 12h16M4 17h16',
  send: 'M4 5l16 7-16 7 3-7zM7 12h7',
  plus: 'M12 5v14M5 12h14',
  more: 'M6 12h.01M12 12h.01M18 12h.01',
  file: 'M7 3h7l4 4v14H7zM14 3v4h4',
  image: 'M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9h.01',
  down: 'M6 9l6 6 6-6',
  right: 'M9 6l6 6-6 6',
  check: 'M5 13l4 4L19 7',
  eye: 'M2.5 12S6 6 12 6s9.5 6 9.5 6-3.5 6-9.5 6-9.5-6-9.5-6zM12 14a2 2 0 1 0 0-4 2 2 0 0 0 0 4',
  copy: 'M9 9h10v11H9zM5 15V4h10',
  reply: 'M10 7 4 12l6 5M4 12h9a7 7 0 0 1 7 6',
  at: 'M15.5 12a3.5 3.5 0 1 1-7 0 3.5 3.5 0 0 1 7 0v1.5a2.2 2.2 0 0 0 4.5 0V12a8 8 0 1 0-3.2 6.4',
  link: 'M14 5h5v5M19 5l-9 9M17 14v5H5V7h5',
  lock: 'M6 11h12v9H6zM9 11V8a3 3 0 0 1 6 0v3',
  archive: 'M4 5h16v4H4zM6 9v10h12V9M10 13h4',
  apps: 'M5 5h5v5H5zM14 5h5v5h-5zM5 14h5v5H5zM14 14h5v5h-5z',
  warn: 'M12 4 2.5 20h19zM12 10v4M12 17h.01',
}

/** A decorative icon; the control around it has the accessible name. */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('class', `icon icon-${name}`)
  svg.setAttribute('aria-hidden', 'true')
  const path = document.createElementNS(SVG, 'path')
  path.setAttribute('d', STROKES[name])
  svg.append(path)
  return svg
}

export const iconButton = (name, label, onclick, props = {}) =>
  h('button', { type: 'button', class: 'icon-button', 'aria-label': label, title: label, onclick, ...props }, icon(name))
