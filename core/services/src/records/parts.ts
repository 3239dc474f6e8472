import type { Subresource } from '@opsflux/data'
import { attachments } from './attachments.ts'
import { comments } from './comments.ts'
import { versions } from './versions.ts'

/** What records have below their address, by its name there. */
export const recordParts: ReadonlyMap<string, Subresource> = new Map(Object.entries({ attachments, comments, versions }))
