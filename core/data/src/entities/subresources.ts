import type { FeatureName, Json } from '@opsflux/sdk'
import type { EntityResponse } from './entity-messages.ts'
import type { EntityTransaction, Row } from './entity-transaction.ts'
import type { ReleaseEntity } from './release-entities.ts'

export interface SubresourceRequest {
  transaction: EntityTransaction
  /** As the actor sees it. */
  entity: ReleaseEntity
  /** With all its fields: rights are decided on these. */
  whole: ReleaseEntity
  /** Which the actor may see. */
  record: Row
  /** Below `/:id/<name>`. */
  path: readonly string[]
  method: string
  /** Raw, with or without its `?`. */
  query: string
  headers: Readonly<Record<string, string | undefined>>
  body: Json | undefined
}

/** What other services offer below a record: comments, attachments, versions. */
export interface Subresource {
  /** The entities that have it. */
  feature: FeatureName
  handle(request: SubresourceRequest): Promise<EntityResponse>
}
