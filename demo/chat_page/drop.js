// Passes files that are dropped on the page or pasted to the right composer or form.

import { filesOf } from './upload.js'

const hasFiles = (event) => event.dataTransfer?.types.includes('Files')

/** `target(element)` returns the object whose `takeFiles` gets files dropped on, or pasted into, the element. */
export function listenForFiles(target) {
  const overlay = document.getElementById('drop')
  let depth = 0
  const show = (on) => (overlay.hidden = !on)

  addEventListener('dragenter', (event) => hasFiles(event) && ++depth && show(true))
  addEventListener('dragleave', (event) => hasFiles(event) && !--depth && show(false))
  addEventListener('dragover', (event) => hasFiles(event) && event.preventDefault())
  addEventListener('drop', (event) => {
    if (!hasFiles(event)) return
    event.preventDefault()
    depth = 0
    show(false)
    target(event.target)?.takeFiles?.(filesOf(event.dataTransfer))
  })
  addEventListener('paste', (event) => {
    const files = filesOf(event.clipboardData)
    if (!files.length) return
    event.preventDefault()
    target(document.activeElement)?.takeFiles?.(files)
  })
}
