// Formats times in the user's language: of messages, and in Discord's <t:…> styles.

const STYLES = {
  t: { hour: 'numeric', minute: '2-digit' },
  T: { hour: 'numeric', minute: '2-digit', second: '2-digit' },
  d: { day: '2-digit', month: '2-digit', year: 'numeric' },
  D: { day: 'numeric', month: 'long', year: 'numeric' },
  f: { day: 'numeric', month: 'long', year: 'numeric', hour: 'numeric', minute: '2-digit' },
  F: { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric', hour: 'numeric', minute: '2-digit' },
}
const UNITS = [['year', 31557600], ['month', 2629800], ['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]]

/** Format a date in a style of https://docs.discord.com/developers/reference#message-formatting-timestamp-styles. */
export function inStyle(date, style, locale, now = Date.now()) {
  if (style === 'R') {
    const seconds = (date - now) / 1000
    const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? UNITS.at(-1)
    return new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(Math.round(seconds / length), unit)
  }
  return new Intl.DateTimeFormat(locale, STYLES[style] ?? STYLES.f).format(date)
}

export const sameDay = (a, b) => new Date(a).toDateString() === new Date(b).toDateString()

export const clock = (date, locale) => inStyle(new Date(date), 't', locale)
export const day = (date, locale) => inStyle(new Date(date), 'D', locale)
export const full = (date, locale) => inStyle(new Date(date), 'F', locale)

/** The time only for today, such as "15:02"; date and time for other days. */
export const stamp = (date, locale, now = Date.now()) =>
  sameDay(date, now) ? clock(date, locale) : `${inStyle(new Date(date), 'd', locale)}, ${clock(date, locale)}`

/** Update all relative times on the page every second. */
export function keepRelativeTimes(locale) {
  setInterval(() => {
    for (const element of document.querySelectorAll('time[data-relative]')) {
      element.textContent = inStyle(new Date(element.dateTime), 'R', locale())
    }
  }, 1000)
}
