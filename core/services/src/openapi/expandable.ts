import { queryLimits } from '@opsflux/sdk'
import { addressOf, type Column, type SeenEntity } from './types.ts'

const referring: ReadonlySet<Column['kind']> = new Set<Column['kind']>(['reference', 'manyToMany'])
const named: ReadonlySet<Column['kind']> = new Set<Column['kind']>(['user', 'company', 'department', 'file'])

/** The paths that `expand` takes, over entities of the document. */
export function expandableOf(seen: SeenEntity, entities: ReadonlyMap<string, SeenEntity>, steps: number = queryLimits.pathSteps): string[] {
  return seen.entity.list.filter(({ field, kind }) => seen.readable.has(field) && (referring.has(kind) || named.has(kind))).flatMap(({ field, kind, declaration }) => {
    const target = referring.has(kind) ? entities.get(addressOf(seen, declaration?.entity ?? '')) : undefined
    const further = target && steps > 1 ? expandableOf(target, entities, steps - 1).map((path) => `${field}.${path}`) : []
    return [field, ...further]
  })
}
