import type { Column, SchemaReport, Table } from '@opsflux/migrations/generate'

/** `migrations/schema.json`: one line per column, so that a change of one is a change of one line. */
export function reportJson(report: SchemaReport): string {
  const { tables, aside, ...head } = report
  const table = ({ columns, constraints, indexes, ...rest }: Table): string => ['{', `  "table": ${JSON.stringify(rest)},`, list('columns', columns, ','), list('constraints', constraints, ','), list('indexes', indexes, ''), '}'].map((line) => `    ${line.replaceAll('\n', '\n    ')}`).join('\n')
  const list = (name: string, items: readonly object[], end: string): string => `  "${name}": [${items.length === 0 ? '' : `\n${items.map((one) => `    ${JSON.stringify(one)}`).join(',\n')}\n  `}]${end}`
  return `{\n${Object.entries(head).map(([key, value]) => `  "${key}": ${JSON.stringify(value)},\n`).join('')}  "tables": [\n${tables.map(table).join(',\n')}\n  ],\n${list('aside', aside, '')}\n}\n`
}

/** @throws SyntaxError, TypeError for what no `opsflux migrate` wrote */
export function parseReport(text: string): SchemaReport {
  const { tables, ...head } = JSON.parse(text) as Omit<SchemaReport, 'tables'> & { tables: (Pick<Table, 'columns' | 'constraints' | 'indexes'> & { table: Omit<Table, 'columns' | 'constraints' | 'indexes'> })[] }
  if (head.formatVersion !== 1 || !Array.isArray(head.aside)) throw new TypeError('it is not of the form that this release writes')
  return { ...head, tables: tables.map(({ table, ...lists }) => ({ ...table, ...lists })) }
}

/** `migrations/schema.md`: the same for people. */
export function reportMarkdown({ plugin, release, migration, tables, aside }: SchemaReport): string {
  const kept = aside.map((one) => (one.column === undefined ? `- table \`${one.table.name}\`, put aside by ${one.release}` : `- \`${one.table}.${one.column.name}\`, put aside by ${one.release}`))
  return [`# Tables of ${plugin} ${release}`, '', `After migration ${migration}. Written by \`opsflux migrate\`; do not edit.`, ...tables.map(section), ...(kept.length === 0 ? [] : ['', '## Kept of earlier releases', '', ...kept, '', 'The next release drops them.']), ''].join('\n')
}

function section({ name, entity, link, columns, constraints, indexes }: Table): string {
  const title = link === undefined ? `## ${entity}: \`${name}\`` : `### ${entity}.${link}: \`${name}\``
  const rows = columns.map((column) => `| \`${column.name}\` | ${column.type}${column.notNull ? '' : ', may be empty'} | ${fieldOf(column)} | ${contentOf(column)} |`)
  const keys = [...indexes.map((index) => `- ${index.unique ? 'unique ' : ''}index \`${index.name}\` (${index.columns.join(', ')})${index.where === undefined ? '' : ` where ${index.where}`}`),
    ...constraints.map((one) => `- \`${one.name}\`: ${one.sql}`)]
  return ['', title, '', '| column | type | field | |', '|---|---|---|---|', ...rows, '', ...keys].join('\n')
}

const fieldOf = ({ field, kind }: Column): string => (field === undefined ? '' : `${field} (${kind ?? ''})`)
const contentOf = ({ default: value, generated }: Column): string => (generated === undefined ? (value === undefined ? '' : `default ${value}`) : `computed: ${generated}`).replaceAll('|', '\\|')

/** What differs between the tables of a report and those declared; empty when nothing does. */
export function reportDifferences(reported: readonly Table[], declared: readonly Table[]): string[] {
  const names = [...new Set([...reported, ...declared].map(({ name }) => name))]
  return names.flatMap((name) => {
    const [was, is] = [reported, declared].map((tables) => tables.find((table) => table.name === name))
    if (!was || !is) return [`table ${name} is ${was ? 'not declared any more' : 'new'}`]
    return [...different(`${name}.`, was.columns, is.columns), ...different(`${name}: `, was.constraints, is.constraints), ...different(`${name}: `, was.indexes, is.indexes)]
  })
}

function different(place: string, reported: readonly { name: string }[], declared: readonly { name: string }[]): string[] {
  const texts = (list: readonly { name: string }[]): Map<string, string> => new Map(list.map((one) => [one.name, JSON.stringify(Object.entries(one).toSorted(([a], [b]) => (a < b ? -1 : 1)))]))
  const [was, is] = [texts(reported), texts(declared)]
  return [...new Set([...was.keys(), ...is.keys()])].filter((name) => was.get(name) !== is.get(name)).map((name) => `${place}${name} is ${was.has(name) ? (is.has(name) ? 'changed' : 'not declared any more') : 'new'}`)
}
