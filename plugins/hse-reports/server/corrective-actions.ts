import { refuse, type Context } from '@opsflux/sdk'
import type { entities } from '../entities.ts'
import { refusal } from './refusals.ts'
import { oneLine } from './text.ts'

interface ActionValues { title?: string | null; due?: string | null }
interface Call { now: string; user: { locale: string } }

/** Tidies a corrective action and refuses a due date that has passed. */
export function checkedAction<T extends ActionValues>(input: T, { now, user }: Call): T {
  const tidy = { ...input }
  if ('title' in tidy) tidy.title = oneLine(tidy.title)
  if (typeof tidy.due === 'string' && tidy.due < earliestToday(now)) throw refuse(refusal('dueInPast', user.locale), 'due')
  return tidy
}

/** The day it still is at UTC−12, where days end last: a due date of today passes wherever the user is. */
const earliestToday = (now: string): string => new Date(Date.parse(now) - 12 * 3_600_000).toISOString().slice(0, 10)

/** An incident is closed only when nothing is left to do. */
export async function refuseOpenActions(incident: string, { db, user }: Pick<Context<typeof entities>, 'db' | 'user'>): Promise<void> {
  if ((await db.correctiveAction.count({ incident, state: 'open' })) > 0) throw refuse(refusal('openActions', user.locale))
}
