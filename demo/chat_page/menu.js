// A menu at a control or at the pointer: arrow keys move, Enter activates, Escape closes and restores the focus.

import { h, icon } from './dom.js'

/** items: [{label, icon?, run}]. The menu opens under `opener` or at x, y (CSS pixels); the opener regains the focus before an item runs. */
export function openMenu({ label, items, opener, x, y }) {
  const buttons = items.map((item) => h('button', {
    type: 'button', role: 'menuitem', tabindex: -1, onclick: () => (close(), item.run()), onpointerenter: (event) => event.currentTarget.focus(),
  }, item.icon ? icon(item.icon) : null, item.label))
  const menu = h('div', { class: 'menu', role: 'menu', 'aria-label': label, popover: 'manual', onkeydown: onKey, onfocusout: onOut }, buttons)

  function close() {
    leave()
    opener.focus({ preventScroll: true })
  }

  function onOut(event) {
    if (!menu.contains(event.relatedTarget)) leave()
  }

  /** Removing a focused element fires focusout, so the listener is removed first. */
  function leave() {
    menu.removeEventListener('focusout', onOut)
    menu.remove()
  }

  function onKey(event) {
    const at = buttons.indexOf(document.activeElement)
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + buttons.length, Home: 0, End: buttons.length - 1 }[event.key]
    if (to !== undefined) buttons[to % buttons.length].focus()
    else if (event.key === 'Escape' || event.key === 'Tab') close()
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  ;(opener.closest('.pane') ?? document.body).append(menu)
  menu.showPopover()
  const box = opener.getBoundingClientRect()
  menu.style.left = `${Math.min(x ?? box.right - menu.offsetWidth, innerWidth - menu.offsetWidth - 8)}px`
  menu.style.top = `${Math.min(y ?? box.bottom + 4, innerHeight - menu.offsetHeight - 8)}px`
  buttons[0]?.focus()
}
