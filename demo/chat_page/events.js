// The live stream: keeps one EventSource open, and says when it opened (load everything again) and when it was lost.

const RETRY_MS = [500, 1000, 2000, 4000]

/**
 * Connect to /client/events. `onOpen` (async) is called at every (re)connection, `onLost` at every loss and whenever
 * `onOpen` fails, with its error. Events are given to `onEvent` as {t, d}, in order.
 */
export function connect(url, { onOpen, onEvent, onLost }) {
  let source
  let losses = 0

  function open() {
    source = new EventSource(url)
    source.onopen = () => onOpen().then(() => (losses = 0), lose)
    source.onmessage = (message) => onEvent(JSON.parse(message.data))
    source.onerror = () => lose()
  }

  function lose(error) {
    source.close()
    onLost(error)
    setTimeout(open, RETRY_MS[Math.min(losses++, RETRY_MS.length - 1)])
  }

  open()
}
