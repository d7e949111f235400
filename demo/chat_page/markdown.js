// Renders Discord's markdown: blocks here, inline syntax in inline.js. Text is never parsed as HTML.

import { h, iconButton } from './dom.js'
import { inline } from './inline.js'

const FENCE = /```(?:([\w+.#-]+)\n)?\n*([\s\S]*?)\n*```/g
const LIST = /^( *)([-*]|\d+\.) +(.*)$/

/** Nodes for the text of a message. `app` has the names for mentions. */
export function markdown(text, app) {
  const nodes = []
  const levels = headingLevels(text)
  let from = 0
  for (const match of text.matchAll(FENCE)) {
    nodes.push(...blocks(text.slice(from, match.index).replace(/\n$/, ''), app, levels), codeBlock(match[2], match[1], app))
    from = match.index + match[0].length
    if (text[from] === '\n') from++
  }
  nodes.push(...blocks(text.slice(from), app, levels))
  return nodes
}

/** The heading levels of a text, largest first. They are mapped to consecutive levels, so that the page skips none. */
const headingLevels = (text) => [...new Set([...text.matchAll(/^(?:>{1,3} )?(#{1,3}) +\S/gm)].map(([, marks]) => marks.length))].sort()

function codeBlock(code, language, app) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(code)
      app.toast('Copied.')
    } catch {
      app.toast('The browser did not allow copying. Select the text and copy it by hand.', 'error')
    }
  }
  return h('div', { class: 'code-block' },
    h('pre', { tabindex: 0, 'aria-label': language ? `Code, ${language}` : 'Code' }, h('code', {}, code)),
    iconButton('copy', 'Copy code', copy))
}

function blocks(text, app, levels) {
  if (!text) return []
  const nodes = []
  const lines = text.split('\n')
  let plain = []
  const flush = () => {
    if (plain.length) nodes.push(h('div', { class: 'text' }, inline(plain.join('\n'), app)))
    plain = []
  }
  while (lines.length) {
    const line = lines[0]
    const heading = /^(#{1,3}) +(.+)$/.exec(line)
    const small = /^-# +(.+)$/.exec(line)
    if (line.startsWith('>>> ')) {
      flush()
      nodes.push(h('blockquote', {}, blocks(lines.splice(0).join('\n').slice(4), app, levels)))
    } else if (line.startsWith('> ')) {
      flush()
      nodes.push(h('blockquote', {}, blocks(takeWhile(lines, (l) => l.startsWith('> ')).map((l) => l.slice(2)).join('\n'), app, levels)))
    } else if (heading) {
      flush()
      nodes.push(h(`h${3 + levels.indexOf(heading[1].length)}`, { class: `heading heading-${heading[1].length}` }, inline(heading[2], app)))
      lines.shift()
    } else if (small) {
      flush()
      nodes.push(h('div', { class: 'subtext' }, inline(small[1], app)))
      lines.shift()
    } else if (LIST.test(line)) {
      flush()
      nodes.push(list(takeWhile(lines, (l) => LIST.test(l)).map((l) => LIST.exec(l)), app))
    } else plain.push(lines.shift())
  }
  flush()
  return nodes
}

function takeWhile(lines, test) {
  const end = lines.findIndex((line) => !test(line))
  return lines.splice(0, end < 0 ? lines.length : end)
}

/** Nested lists from matches of LIST: items with deeper indentation form a list inside the item before. */
function list(items, app) {
  const depth = items[0][1].length
  const ordered = /\d/.test(items[0][2])
  const root = h(ordered ? 'ol' : 'ul', ordered ? { start: parseInt(items[0][2], 10) } : {})
  while (items.length) {
    const [, indent, , text] = items.shift()
    const deeper = takeWhile(items, ([, other]) => other.length > Math.max(depth, indent.length))
    root.append(h('li', {}, inline(text, app), deeper.length ? list(deeper, app) : null))
  }
  return root
}
