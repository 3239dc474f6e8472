import type { ReleaseEntity } from './release-entities.ts'
import type { Values, Writing } from './writing.ts'

/** Tells the file service which files the `file` fields of a record name from now on. */
export async function noteFilesOf({ parts, transaction, actor }: Writing, entity: ReleaseEntity, id: string, values: Values): Promise<void> {
  const named = entity.list.filter(({ kind, field }) => kind === 'file' && Object.hasOwn(values, field)).map(({ field }) => [field, values[field] as string | null] as const)
  if (named.length > 0) await parts.noteFiles?.(transaction, { actor, pluginId: entity.pluginId, entity: entity.name, id }, Object.fromEntries(named))
}
