// The registered commands as users see them: in their language, with each subcommand as a command of its own.

const SUBCOMMAND = 1
const GROUP = 2

/** A text field (`name`, `description`) of a command, option or choice in a locale. */
export const localized = (thing, field, locale) => thing[`${field}_localizations`]?.[locale] || thing[field]

/** All slash commands, subcommands included, as {command, path: [option, …], options, label, plain, description}. */
export function listCommands(commands, locale) {
  const found = []
  const walk = (command, node, path, names) => {
    const label = [...names, localized(node, 'name', locale)]
    const inner = (node.options ?? []).filter(({ type }) => type === SUBCOMMAND || type === GROUP)
    if (inner.length) return inner.forEach((option) => walk(command, option, [...path, option], label))
    found.push({ command, path, options: node.options ?? [], label: label.join(' '), plain: [command.name, ...path.map(({ name }) => name)].join(' '), description: localized(node, 'description', locale) })
  }
  commands.filter(({ type = 1 }) => type === 1).forEach((command) => walk(command, command, [], []))
  return found.sort((a, b) => a.label.localeCompare(b.label))
}

/** Commands that match the typed text: by the start of the name first, then anywhere in the name, then in the description. */
export function search(found, typed) {
  const query = typed.trim().toLowerCase()
  const rank = ({ label, plain, description }) => {
    if (label.startsWith(query) || plain.startsWith(query)) return 0
    if (label.includes(query) || plain.includes(query)) return 1
    return query.length > 2 && description.toLowerCase().includes(query) ? 2 : 3
  }
  return found.map((leaf) => [rank(leaf), leaf]).filter(([order]) => order < 3).sort(([a], [b]) => a - b).map(([, leaf]) => leaf)
}

/** The `data` of a command or autocomplete interaction: option values nested inside their subcommands. */
export function commandData({ command, path }, options, attachments = []) {
  const nested = [...path].reverse().reduce((inner, { name, type }) => [{ name, type, options: inner }], options)
  return { id: command.id, name: command.name, type: 1, options: nested, attachments }
}
