import type { Rename, Table } from '@opsflux/migrations/generate'

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replaceAll('_', '-')

/** What a migration is called by default: after the first thing that changes. */
export function nameFor(before: readonly Table[], wanted: readonly Table[], renames: readonly Rename[]): string {
  if (before.length === 0) return 'init'
  const [rename] = renames
  const found = rename ? `rename-${rename.field ?? rename.entity}` : added(before, wanted) ?? dropped(before, wanted) ?? `change-${changed(before, wanted)}`
  return kebab(found).replace(/^(.{0,60})(-.*)?$/, '$1')
}

const thingsOf = (tables: readonly Table[]): string[] => [...new Set(tables.flatMap(({ entity, link, columns }) => [entity, ...(link === undefined ? columns.flatMap(({ field }) => (field === undefined ? [] : [`${entity}.${field}`])) : [`${entity}.${link}`])]))]
const firstMissing = (of: readonly Table[], among: readonly Table[]): string | undefined => thingsOf(of).find((thing) => !thingsOf(among).includes(thing))?.split('.').at(-1)
const added = (before: readonly Table[], wanted: readonly Table[]): string | undefined => prefixed('add-', firstMissing(wanted, before))
const dropped = (before: readonly Table[], wanted: readonly Table[]): string | undefined => prefixed('drop-', firstMissing(before, wanted))
const prefixed = (prefix: string, name: string | undefined): string | undefined => (name === undefined ? undefined : `${prefix}${name}`)

const changed = (before: readonly Table[], wanted: readonly Table[]): string => wanted.find((table) => JSON.stringify(table) !== JSON.stringify(before.find(({ name }) => name === table.name)))?.entity ?? 'tables'
