// The composer of a channel: a message box that becomes the form of a slash command when one is chosen.

import { clear, h, icon, iconButton } from './dom.js'
import { CommandForm } from './command_form.js'
import { listCommands, search } from './commands.js'
import { avatar } from './message.js'
import { displayName, isThread } from './state.js'
import { Suggest } from './suggest.js'
import { filesOf, thumbnail } from './upload.js'

const MAX_LENGTH = 2000

export class Composer {
  files = []

  constructor(channel, app) {
    Object.assign(this, { channel, app })
    const name = `Message ${isThread(channel) ? `"${channel.name}"` : app.state.labelOf(channel)}`
    this.suggest = new Suggest()
    this.alert = h('div', { class: 'composer-alert', role: 'alert' })
    this.textbox = h('textarea', {
      class: 'textbox', rows: 1, 'aria-label': name, placeholder: name, autocomplete: 'off', 'aria-autocomplete': 'list', 'aria-haspopup': 'listbox',
      oninput: () => this.onInput(), onkeydown: (event) => this.onKey(event), onblur: ({ relatedTarget }) => this.suggest.input === this.textbox && !this.suggest.element.contains(relatedTarget) && this.suggest.hide(),
    })
    this.picker = h('input', { type: 'file', multiple: true, class: 'file-input', 'aria-label': 'Attach files', onchange: () => (this.takeFiles(filesOf(this.picker)), (this.picker.value = '')) })
    this.attach = h('span', { class: 'icon-button attach' }, this.picker, icon('plus'))
    this.slot = h('div', { class: 'composer-slot' }, this.textbox)
    this.sendButton = iconButton('send', 'Send', () => this.submit(), { class: 'icon-button send' })
    this.cancelButton = iconButton('close', 'Cancel command', () => this.reset(), { hidden: true })
    this.replyBar = h('div', { class: 'answering', hidden: true })
    this.tray = h('ul', { class: 'tray', 'aria-label': 'Files to send', hidden: true })
    this.notice = h('div', { class: 'composer-notice', hidden: true })
    this.hint = h('div')
    this.box = h('div', { class: 'composer-box', onkeydown: (event) => this.onEscape(event) }, this.replyBar, this.tray, this.hint, h('div', { class: 'composer-row' }, this.attach, this.slot, this.cancelButton, this.sendButton))
    this.element = h('div', { class: 'composer' }, this.suggest.element, this.alert, this.notice, this.box)
    this.update(channel)
  }

  /** Reflect the channel's state: posting a message reopens an archived thread, but not a locked one. */
  update(channel) {
    this.channel = channel
    const { archived, locked } = channel.thread_metadata ?? {}
    this.notice.hidden = !archived
    clear(this.notice, icon(locked ? 'lock' : 'archive'), locked ? 'This thread is archived and locked. Nobody can post here.' : 'This thread is archived. Posting a message reopens it; until then, commands do not work.')
    this.box.hidden = Boolean(archived && locked)
  }

  report(text) {
    if (this.alert.textContent !== text) this.alert.textContent = text
  }

  focus() {
    if (this.form) this.form.focus()
    else this.textbox.focus()
  }

  /** Update the command list, if it is open, after the commands have changed. */
  refresh() {
    if (this.suggest.input === this.textbox) this.onInput()
  }

  onInput() {
    this.report('')
    const text = this.textbox.value
    if (!text.startsWith('/') || text.includes('\n')) return this.suggest.input && this.suggest.hide()
    const all = listCommands(this.app.state.commandsIn(this.channel.id), this.app.state.locale)
    const exact = text.endsWith(' ') && all.find(({ label, plain }) => [label, plain].includes(text.slice(1, -1).toLowerCase()))
    if (exact) return this.choose(exact)
    const items = search(all, text.slice(1)).map((leaf) => ({ leaf, label: `/${leaf.label}`, note: leaf.description, side: this.app.state.application.name, mark: avatar(this.app.state.application.bot, 'avatar avatar-small') }))
    this.suggest.show(this.textbox, { title: text === '/' ? 'Commands' : `Commands matching ${text}`, items, pick: ({ leaf }) => this.choose(leaf), note: items.length ? undefined : 'No matching commands.' })
  }

  onKey(event) {
    if (this.suggest.input === this.textbox && this.suggest.key(event)) return
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
    event.preventDefault()
    this.submit()
  }

  onEscape(event) {
    if (event.key !== 'Escape' || event.defaultPrevented || !(this.form || this.replyTo)) return
    event.preventDefault()
    if (this.form) this.reset()
    else this.reply(undefined)
  }

  /** Make the next message a reply to `message`; undefined cancels the reply. */
  reply(message) {
    if (this.form) this.reset()
    this.replyTo = message
    this.replyBar.hidden = !message
    clear(this.replyBar, message && [h('span', {}, 'Replying to ', h('strong', {}, displayName(message.author))),
      iconButton('close', 'Cancel reply', () => this.reply(undefined))])
    this.textbox.focus()
  }

  /** Turn the box into the form of a command; files in the tray go into its attachment options. */
  choose(leaf) {
    this.suggest.hide()
    this.report('')
    this.textbox.value = ''
    this.form = new CommandForm(leaf, this.channel.id, this.suggest, this.app, {
      send: (data) => this.sendCommand(data, leaf), cancel: () => this.reset(), report: (text) => this.report(text), sendButton: this.sendButton,
    })
    clear(this.slot, this.form.element)
    clear(this.hint, this.form.hint)
    this.box.classList.add('commanding')
    this.cancelButton.hidden = false
    this.attach.hidden = true
    const files = this.files.splice(0)
    this.drawTray()
    if (files.length) this.form.takeFiles(files)
    this.form.focus()
  }

  reset() {
    this.suggest.hide()
    this.form = undefined
    this.report('')
    this.textbox.value = ''
    clear(this.slot, this.textbox)
    clear(this.hint)
    this.box.classList.remove('commanding')
    this.cancelButton.hidden = true
    this.attach.hidden = false
    this.textbox.focus()
  }

  takeFiles(files) {
    this.report('')
    if (this.form) return this.form.takeFiles(files)
    this.files.push(...files)
    this.drawTray()
    this.textbox.focus()
  }

  drawTray() {
    this.tray.hidden = !this.files.length
    clear(this.tray, this.files.map((file) => h('li', {}, thumbnail(file), h('span', {}, file.name),
      iconButton('close', `Remove ${file.name}`, () => {
        this.files = this.files.filter((other) => other !== file)
        this.drawTray()
        this.textbox.focus()
      }))))
  }

  submit() {
    return this.form ? this.form.submit() : this.sendText()
  }

  async sendCommand(data, leaf) {
    await this.runExclusive(async () => {
      await this.app.interactions.command(this.channel.id, data, leaf.plain)
      this.reset()
    })
  }

  async sendText() {
    const content = this.textbox.value.trim()
    if (this.sending || (!content && !this.files.length)) return
    if (content.length > MAX_LENGTH) return this.report(`Messages can have at most ${MAX_LENGTH} characters; this one has ${content.length}.`)
    const files = this.files.splice(0)
    const { replyTo } = this
    this.textbox.value = ''
    this.drawTray()
    const sent = await this.runExclusive(() => this.app.api.send(this.channel.id, content, files, replyTo?.id))
    if (sent) return replyTo && this.reply(undefined)
    this.textbox.value = [content, this.textbox.value].filter(Boolean).join('\n')
    this.files.unshift(...files)
    this.drawTray()
  }

  /** Run `send` unless another call is in progress; return whether it succeeded. Errors are shown above the box. */
  async runExclusive(send) {
    if (this.sending) return false
    this.sending = true
    this.sendButton.setAttribute('aria-busy', 'true')
    try {
      await send()
      return true
    } catch (error) {
      this.report(error.message)
      return false
    } finally {
      this.sending = false
      this.sendButton.removeAttribute('aria-busy')
    }
  }
}
