// A file of the person's: chosen, dropped or pasted; shown at once, uploaded in the background.

import { clear, h, icon, iconButton } from './dom.js'
import { size } from './media.js'

/** A preview of a local file: a thumbnail if the browser can show it, else a file icon. */
export function thumbnail(file) {
  const url = URL.createObjectURL(file)
  const image = h('img', { src: url, alt: '' })
  image.addEventListener('load', () => URL.revokeObjectURL(url))
  image.addEventListener('error', () => {
    URL.revokeObjectURL(url)
    image.replaceWith(icon('file'))
  })
  return file.type.startsWith('image/') ? image : icon('file')
}

/** Files of a drop or paste; those of a paste without a name of their own get one. */
export const filesOf = (transfer) => [...(transfer?.files ?? [])]

/** The field of an attachment option: a tile over a real file input, so that picker, keyboard and tests all reach it. */
export function uploadField(labels, option, form) {
  let chosen
  const input = h('input', { type: 'file', class: 'file-input', ...labels, onchange: () => input.files[0] && take(input.files[0]) })
  const face = h('span', { class: 'upload-face' })
  const remove = iconButton('close', `Remove file of ${labels['aria-label']}`, () => (reset(), input.focus()), { hidden: true })
  const element = h('span', { class: 'upload' }, input, face, remove)
  reset()

  function reset() {
    chosen = undefined
    input.value = ''
    remove.hidden = true
    element.classList.remove('filled', 'failed')
    clear(face, icon('image'), h('span', {}, 'Drop, paste or choose a file'))
    form.changed()
  }

  function take(file) {
    const mine = { file, done: undefined }
    chosen = mine
    remove.hidden = false
    element.classList.remove('failed')
    element.classList.add('filled')
    const state = h('span', { class: 'muted', role: 'status' }, 'Uploading…')
    clear(face, thumbnail(file), h('span', { class: 'upload-text' }, h('span', { class: 'upload-name' }, file.name), state))
    mine.done = form.app.api.upload(file).then((attachment) => {
      mine.attachment = attachment
      state.textContent = size(file.size)
    }, (error) => {
      mine.error = error.message
      state.textContent = error.message
      if (chosen === mine) element.classList.add('failed')
    })
    form.changed()
  }

  return {
    option, element, input, take,
    focus: () => input.focus(),
    isEmpty: () => !chosen,
    clear: reset,
    settled: () => chosen?.done,
    attachment: () => chosen?.attachment,
    read() {
      if (!chosen) return {}
      if (chosen.error) return { error: `The file could not be uploaded: ${chosen.error}` }
      return { value: chosen.attachment?.id, attachment: chosen.attachment }
    },
  }
}
