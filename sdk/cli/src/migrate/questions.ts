import type { Rename, Table } from '@opsflux/migrations/generate'
import { OpsFluxError } from '@opsflux/sdk'

/** Something declared is gone, and something new might be the same under another name. */
export interface Question {
  entity: string
  field?: string
  /** What it might be called now. */
  candidates: string[]
}

export interface Answers {
  renames: readonly Rename[]
  /** `incident` or `incident.site`: gone for good. */
  drops: ReadonlySet<string>
}

/** Asks a person; undefined where there is none. */
export type Ask = (question: string, choices: readonly string[]) => Promise<string>

/** What cannot be known from the declarations alone. */
export function openQuestions(before: readonly Table[], wanted: readonly Table[], { renames, drops }: Answers): Question[] {
  const taken = new Set(renames.map(({ entity, field, to }) => (field === undefined ? to : `${entity}.${to}`)))
  const newName = (entity: string): string => renames.find((one) => one.entity === entity && one.field === undefined)?.to ?? entity
  const [old, now] = [entitiesOf(before), entitiesOf(wanted)]
  const isAnswered = (entity: string, field?: string): boolean =>
    drops.has(field === undefined ? entity : `${entity}.${field}`) || renames.some((one) => one.entity === entity && one.field === field)
  const entities = [...old.keys()].filter((entity) => !now.has(entity) && !isAnswered(entity)).map((entity): Question => ({ entity, candidates: [...now.keys()].filter((name) => !old.has(name) && !taken.has(name)) }))
  const fields = [...old].flatMap(([entity, shapes]) => {
    const [name, current] = [newName(entity), now.get(newName(entity))]
    if (!current) return []
    const added = [...current].filter(([field]) => !shapes.has(field) && !taken.has(`${name}.${field}`))
    return [...shapes].filter(([field]) => !current.has(field) && !isAnswered(name, field))
      .map(([field, shape]): Question => ({ entity: name, field, candidates: added.filter(([, other]) => other === shape).map(([candidate]) => candidate) }))
  })
  return [...entities, ...fields].filter(({ candidates }) => candidates.length > 0)
}

/** Fields by entity. Each says what kind of columns it has: a field of one column cannot be one of two by another name. */
function entitiesOf(tables: readonly Table[]): Map<string, Map<string, string>> {
  const entities = new Map<string, Map<string, string>>()
  for (const { entity, link, columns } of tables) {
    const fields = entities.get(entity) ?? new Map<string, string>()
    entities.set(entity, fields)
    if (link !== undefined) fields.set(link, 'links')
    else for (const { field, kind = '' } of columns) if (field !== undefined) fields.set(field, fields.has(field) || kind === 'geoPoint' ? kind : 'one column')
  }
  return entities
}

/** Asks until nothing is open. Without anybody to ask it stops, and says which options answer. @throws invalid-request */
export async function answerAll(before: readonly Table[], wanted: readonly Table[], given: Answers, ask: Ask | undefined): Promise<Answers> {
  let answers = given
  for (let open = openQuestions(before, wanted, answers); open.length > 0; open = openQuestions(before, wanted, answers)) {
    if (!ask) throw new OpsFluxError('invalid-request', unanswered(open))
    const [question] = open
    if (question) answers = await answer(question, answers, ask)
  }
  return answers
}

const nameOf = ({ entity, field }: Pick<Question, 'entity' | 'field'>): string => (field === undefined ? entity : `${entity}.${field}`)

async function answer(question: Question, { renames, drops }: Answers, ask: Ask): Promise<Answers> {
  const { entity, field, candidates } = question
  const to = await ask(`${nameOf(question)} is not declared any more. What is it called now?`, [...candidates, 'dropped'])
  if (!candidates.includes(to)) return { renames, drops: new Set([...drops, nameOf(question)]) }
  return { renames: [...renames, { entity, ...(field === undefined ? {} : { field }), to }], drops }
}

function unanswered(open: readonly Question[]): string {
  const lines = open.map((question) => `  ${nameOf(question)}: ${[...question.candidates.map((to) => `--rename ${nameOf(question)}=${to}`), `--drop ${nameOf(question)}`].join('  or  ')}`)
  return `Something is gone and something is new. Say whether it is the same under another name:\n${lines.join('\n')}`
}
