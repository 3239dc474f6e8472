import { refuse } from '@opsflux/sdk'
import { injuryTypes } from '../terms.ts'
import { refusal } from './refusals.ts'
import { oneLine, trimmed } from './text.ts'

/** How far a reporter's clock may run ahead of the host's. */
export const clockSkewMs = 5 * 60_000

interface IncidentValues {
  type?: string | null
  site?: string | null
  description?: string | null
  occurredAt?: string | null
  awareAt?: string | null
  injured?: number | null
}
interface Call { now: string; user: { locale: string } }

/** Tidies a new incident, fills what follows from the rest, and refuses times to come. */
export function newIncident<T extends IncidentValues>(input: T, call: Call): T & Pick<IncidentValues, 'awareAt' | 'injured'> {
  const tidy = tidied(input)
  refuseFuture(tidy, call)
  return { ...tidy, awareAt: tidy.awareAt ?? later(call.now, tidy.occurredAt), injured: tidy.injured ?? defaultInjured(tidy.type) }
}

/** The same for a change; another type brings its own number of injured people where none is given. */
export function changedIncident<T extends IncidentValues>(record: IncidentValues, changes: T, call: Call): T {
  const tidy = tidied(changes)
  refuseFuture(tidy, call)
  const reclassified = tidy.type !== undefined && tidy.type !== record.type && tidy.injured === undefined
  return reclassified ? { ...tidy, injured: injuredAfter(record, tidy.type) } : tidy
}

export function defaultInjured(type: string | null | undefined): number {
  return isInjury(type) ? 1 : 0
}

const isInjury = (type: string | null | undefined): boolean => typeof type === 'string' && injuryTypes.includes(type)

/** A first aid case that becomes a lost work day keeps its injured people; one that becomes a near miss has none. */
const injuredAfter = (record: IncidentValues, type: string | null | undefined): number => (isInjury(type) ? record.injured || 1 : 0)

function tidied<T extends IncidentValues>(values: T): T {
  const tidy = { ...values }
  if ('site' in tidy) tidy.site = oneLine(tidy.site)
  if ('description' in tidy) tidy.description = trimmed(tidy.description)
  return tidy
}

function refuseFuture({ occurredAt, awareAt }: IncidentValues, { now, user }: Call): void {
  const latest = Date.parse(now) + clockSkewMs
  if (instant(occurredAt) > latest) throw refuse(refusal('occurredInFuture', user.locale), 'occurredAt')
  if (instant(awareAt) > latest) throw refuse(refusal('awareInFuture', user.locale), 'awareAt')
}

/** Milliseconds, or NaN for what is no instant: comparisons with it are false and validation refuses it after the hook. */
const instant = (value: string | null | undefined): number => (typeof value === 'string' ? Date.parse(value) : Number.NaN)

function later(now: string, occurredAt: string | null | undefined): string {
  return typeof occurredAt === 'string' && instant(occurredAt) > Date.parse(now) ? occurredAt : now
}
