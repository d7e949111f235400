// The calls of the page to the server, each with a deadline and an error that says what the server said.

export class ApiError extends Error {
  constructor(message, status) {
    super(message)
    this.status = status
  }
}

/** Calls under /client for one user (an id or a name). Deadline in milliseconds. */
export class Api {
  constructor(user, deadline = 15000) {
    this.user = user
    this.deadline = deadline
  }

  url(path) {
    return `/client/${path}?user=${encodeURIComponent(this.user)}`
  }

  async call(path, { body, deadline = this.deadline } = {}) {
    const form = body instanceof FormData
    const options = { signal: AbortSignal.timeout(deadline) }
    if (body !== undefined) {
      options.method = 'POST'
      options.body = form ? body : JSON.stringify(body)
      if (!form) options.headers = { 'Content-Type': 'application/json' }
    }
    let response
    try {
      response = await fetch(this.url(path), options)
    } catch (error) {
      const late = error.name === 'TimeoutError'
      throw new ApiError(late ? 'The server took too long to answer. Try again.' : 'The server cannot be reached. Try again in a moment.', 0)
    }
    const answer = await response.json().catch(() => ({}))
    if (!response.ok) throw new ApiError(answer.message ?? `The server answered ${response.status}.`, response.status)
    return answer
  }

  bootstrap = () => this.call('bootstrap')
  messages = (channel) => this.call(`channels/${channel}/messages`)
  interact = (body) => this.call('interactions', { body })
  locale = (locale) => this.call('locale', { body: { locale } })

  /** Upload one file; answers its Attachment object. */
  upload(file) {
    const body = new FormData()
    body.append('file', file, file.name)
    return this.call('attachments', { body, deadline: 60000 })
  }

  direct = () => this.call('dm', { body: {} })

  /** Send a plain message, with files and as a reply as a user would. */
  send(channel, content, files = [], answered = undefined) {
    const message = { content, ...(answered ? { message_reference: { message_id: answered } } : {}) }
    if (!files.length) return this.call(`channels/${channel}/messages`, { body: message })
    const body = new FormData()
    body.append('payload_json', JSON.stringify({ ...message, attachments: files.map((file, id) => ({ id, filename: file.name })) }))
    files.forEach((file, index) => body.append(`files[${index}]`, file, file.name))
    return this.call(`channels/${channel}/messages`, { body, deadline: 60000 })
  }
}
