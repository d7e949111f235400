// A file that the user chose, dropped or pasted: shown at once, uploaded in the background.

import { clear, h, icon, iconButton } from './dom.js'
import { size } from './media.js'

/** A preview of a local file: a thumbnail if the browser can show it, otherwise a file icon. */
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

/** The files of a file input, a drop or a paste. */
export const filesOf = (transfer) => [...(transfer?.files ?? [])]

/** The field of an attachment option: a tile over a file input, so that file picker, keyboard and tests can use it. */
export function uploadField(labels, option, form) {
  let current
  const input = h('input', { type: 'file', class: 'file-input', ...labels, onchange: () => input.files[0] && take(input.files[0]) })
  const face = h('span', { class: 'upload-face' })
  const remove = iconButton('close', `Remove file of ${labels['aria-label']}`, () => (reset(), input.focus()), { hidden: true })
  const element = h('span', { class: 'upload' }, input, face, remove)
  reset()

  function reset() {
    current = undefined
    input.value = ''
    remove.hidden = true
    element.classList.remove('filled', 'failed')
    clear(face, icon('image'), h('span', {}, 'Drop, paste or choose a file'))
    form.changed()
  }

  function take(file) {
    const upload = { file, done: undefined }
    current = upload
    remove.hidden = false
    element.classList.remove('failed')
    element.classList.add('filled')
    const state = h('span', { class: 'muted', role: 'status' }, 'Uploading…')
    clear(face, thumbnail(file), h('span', { class: 'upload-text' }, h('span', { class: 'upload-name' }, file.name), state))
    upload.done = form.app.api.upload(file).then((attachment) => {
      upload.attachment = attachment
      state.textContent = size(file.size)
    }, (error) => {
      upload.error = error.message
      state.textContent = error.message
      if (current === upload) element.classList.add('failed')
    })
    form.changed()
  }

  return {
    option, element, input, take,
    focus: () => input.focus(),
    isEmpty: () => !current,
    clear: reset,
    settled: () => current?.done,
    attachment: () => current?.attachment,
    read() {
      if (!current) return {}
      if (current.error) return { error: `The file could not be uploaded: ${current.error}` }
      return { value: current.attachment?.id, attachment: current.attachment }
    },
  }
}
