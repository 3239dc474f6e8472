import { expressionFault, snakeCase, tablesOf, type Table } from '@opsflux/migrations/generate'
import type { EntityDeclaration, FieldError } from '@opsflux/sdk'

/** Characters of a name, as hosts take them: with `dropped_` before it, it is still no longer than PostgreSQL keeps (63). */
const nameCharacters = 50
/** PostgreSQL puts at most 2,704 bytes in an entry of an index; a character may take four. */
const indexedCharacters = 600

/** What the database would refuse when the tables of entities are made, said before; only of SDK 1.1 on. */
export async function entityProblems(entities: readonly EntityDeclaration[]): Promise<FieldError[]> {
  const current = entities.filter(({ features }) => features !== undefined)
  const problems = current.flatMap((entity) => [...nameProblems(entity), ...indexProblems(entity)])
  const all = problems.length > 0 ? problems : [...doubles(tablesOf(entities)), ...(await Promise.all(current.map(expressionProblems))).flat()]
  const placeOf = (path: string): string => path.replace(/^\w+/, (name) => String(entities.findIndex((entity) => entity.name === name)))
  return all.map(([path, message]) => ({ path: `/entities/${placeOf(path)}`, code: 'inconsistent', message }))
}

/** Paths begin with the name of the entity. */
type Problem = [path: string, message: string]

function nameProblems({ name, fields }: EntityDeclaration): Problem[] {
  const names: Problem[] = [[`${name}/name`, name], ...Object.keys(fields).map((field): Problem => [`${name}/fields/${field}`, field])]
  return names.flatMap(([path, word]): Problem[] => [
    ...(snakeCase(word).length > nameCharacters ? [[path, `is called ${snakeCase(word)} in the database, which is longer than ${nameCharacters} characters`] satisfies Problem] : []),
    ...(/^(dropped|kept)(_|$)/.test(snakeCase(word)) ? [[path, 'begins with a word that migrations put data aside under'] satisfies Problem] : []),
  ])
}

function indexProblems({ name, fields, unique = [] }: EntityDeclaration): Problem[] {
  const inSets = new Set(unique.flat())
  return Object.entries(fields).filter(([field, { kind, index, unique: alone, maxLength = kind === 'string' ? 255 : Infinity }]) =>
    (kind === 'string' || kind === 'text' || kind === 'richText') && (index === true || alone === true || inSets.has(field)) && maxLength > indexedCharacters)
    .map(([field]) => [`${name}/fields/${field}`, `cannot be indexed or unique: it may be longer than ${indexedCharacters} characters. Set a smaller maxLength`])
}

/** Two declarations that come to one name in the database. */
function doubles(tables: readonly Table[]): Problem[] {
  const [places, problems] = [new Map<string, string>(), [] as Problem[]]
  const see = (key: string, path: string, what: string): void => {
    if (places.has(key)) problems.push([path, `is the same as ${places.get(key) ?? ''} in the database: ${what}`])
    places.set(key, path)
  }
  for (const { name, entity, link, columns, constraints, indexes } of tables) {
    see(`table ${name}`, link === undefined ? entity : `${entity}/fields/${link}`, `the table ${name}`)
    for (const column of columns) see(`column ${name}.${column.name}`, `${entity}/fields/${column.field ?? column.name}`, `the column ${column.name}`)
    for (const one of constraints) see(`constraint ${name}.${one.name}`, `${entity}/checks`, `the constraint ${one.name}`)
    for (const index of indexes) see(`index ${index.name}`, entity, `the index ${index.name}`)
  }
  return problems
}

async function expressionProblems(entity: EntityDeclaration): Promise<Problem[]> {
  const columns = tablesOf([entity])[0]?.columns ?? []
  const stored = new Set(columns.filter(({ generated }) => generated === undefined).map(({ name }) => name))
  const all = new Set(columns.map(({ name }) => name))
  const found = [
    ...Object.entries(entity.fields).flatMap(([field, { computed }]) => (computed === undefined ? [] : [{ path: `${entity.name}/fields/${field}/computed`, sql: computed, use: 'computed' as const }])),
    ...Object.entries(entity.checks ?? {}).map(([name, sql]) => ({ path: `${entity.name}/checks/${name}`, sql, use: 'check' as const })),
  ]
  const faults = await Promise.all(found.map(async ({ path, sql, use }): Promise<Problem[]> => {
    const fault = await expressionFault(sql, use === 'check' ? all : stored, use)
    return fault === undefined ? [] : [[path, `cannot be used: ${fault}`]]
  }))
  return faults.flat()
}
