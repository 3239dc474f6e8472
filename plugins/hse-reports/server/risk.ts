import { severities, type RiskLevel } from '../terms.ts'

interface Rated {
  actualSeverity?: string | null
  potentialSeverity?: string | null
  riskLevel?: RiskLevel | null
}

/**
 * Risk level of an incident. The potential counts twice, since only luck decided the outcome:
 * points = 2 × potential + actual (3 to 18); critical from 13, high from 9, medium from 6.
 * Migration 0002 has the same rule in SQL.
 */
export function riskLevelOf({ actualSeverity, potentialSeverity }: Rated): RiskLevel | undefined {
  const actual = points(actualSeverity)
  const potential = points(potentialSeverity)
  if (actual === 0 || potential === 0) return undefined
  const sum = 2 * potential + actual
  if (sum >= 13) return 'critical'
  if (sum >= 9) return 'high'
  return sum >= 6 ? 'medium' : 'low'
}

const points = (severity: string | null | undefined): number => severities.findIndex((name) => name === severity) + 1

/** Rates a new incident, unless the reporter did. */
export function rated<T extends Rated>(input: T): T {
  const riskLevel = input.riskLevel ?? riskLevelOf(input)
  return riskLevel ? { ...input, riskLevel } : input
}

/** Follows changed severities, unless a person had chosen another level; clearing the level brings the rule back. */
export function rerated<T extends Rated>(record: Rated, changes: T): T {
  if (changes.riskLevel) return changes
  const touched = changes.actualSeverity !== undefined || changes.potentialSeverity !== undefined
  const chosen = record.riskLevel && record.riskLevel !== riskLevelOf(record)
  if (changes.riskLevel === undefined && (!touched || chosen)) return changes
  const riskLevel = riskLevelOf({ ...record, ...changes })
  return riskLevel ? { ...changes, riskLevel } : changes
}
