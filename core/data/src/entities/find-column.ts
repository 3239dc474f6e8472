import type { Column } from './columns.ts'
import { invalidRequest } from './invalid-request.ts'
import type { ReleaseEntity } from './release-entities.ts'

/** The column of a field or of its part, such as `price.currency`. @throws invalid-request */
export function columnOf(entity: ReleaseEntity, field: string): Column {
  const column = findColumn(entity, field)
  if (!column) throw invalidRequest(`${entity.name} has no field "${field.slice(0, 100)}". It has ${[...entity.columns.keys()].join(', ')}.`)
  return column
}

export function findColumn(entity: ReleaseEntity, field: string): Column | undefined {
  const [head = '', part, ...others] = field.split('.')
  return entity.columns.get(field) ?? (part === undefined || others.length > 0 ? undefined : entity.columns.get(head)?.parts?.get(part))
}
