// The page's calls to the server, each with a deadline. Errors have the server's message.

export class ApiError extends Error {
  constructor(message, status) {
    super(message)
    this.status = status
  }
}

/** Calls /client for one user (id or name); the deadline is in milliseconds. */
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
      const timedOut = error.name === 'TimeoutError'
      throw new ApiError(timedOut ? 'The server took too long to respond. Try again.' : 'The server cannot be reached. Try again in a moment.', 0)
    }
    const answer = await response.json().catch(() => ({}))
    if (!response.ok) throw new ApiError(answer.message ?? `The server responded with status ${response.status}.`, response.status)
    return answer
  }

  bootstrap = () => this.call('bootstrap')
  messages = (channel) => this.call(`channels/${channel}/messages`)
  interact = (body) => this.call('interactions', { body })
  locale = (locale) => this.call('locale', { body: { locale } })

  /** Upload one file and return its attachment object. */
  upload(file) {
    const body = new FormData()
    body.append('file', file, file.name)
    return this.call('attachments', { body, deadline: 60000 })
  }

  direct = () => this.call('dm', { body: {} })

  /** Send a message, optionally with files and as a reply to the message `replyTo` (an id). */
  send(channel, content, files = [], replyTo = undefined) {
    const message = { content, ...(replyTo ? { message_reference: { message_id: replyTo } } : {}) }
    if (!files.length) return this.call(`channels/${channel}/messages`, { body: message })
    const body = new FormData()
    body.append('payload_json', JSON.stringify({ ...message, attachments: files.map((file, id) => ({ id, filename: file.name })) }))
    files.forEach((file, index) => body.append(`files[${index}]`, file, file.name))
    return this.call(`channels/${channel}/messages`, { body, deadline: 60000 })
  }
}
