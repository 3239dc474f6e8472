import type { HseModule } from '../shared/module.ts'

/** The sites there are incidents or hours of, in alphabetical order. */
export async function readSites({ entities }: HseModule['api']): Promise<string[]> {
  const groups = await Promise.all([
    entities.incident.aggregate({ groupBy: ['site'] }),
    entities.exposureHours.aggregate({ groupBy: ['site'] }),
  ])
  return [...new Set(groups.flat().map(({ group }) => String(group.site)))].toSorted((a, b) => a.localeCompare(b))
}
