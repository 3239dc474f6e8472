import type { Readable } from 'node:stream'
import { sql, uuidV7, type Database, type DatabaseTransaction } from '@opsflux/data'
import { OpsFluxError, type StoredFile } from '@opsflux/sdk'
import { contentLock } from './content-lock.ts'
import type { FileStore, ReceivedContent } from './file-store.ts'
import type { FileUse } from './file-uses.ts'
import { fileLimits } from './limits.ts'
import { mediaTypeOf } from './media-type.ts'
import { storedFileColumns, storedFileOf } from './stored-file.ts'
import { UploadPlaces } from './upload-places.ts'

export interface FileReader {
  tenantId: string
  userId: string
  /** Whether the user may see this use of a file: the record, and the field or the attachments of it. */
  maySee(use: FileUse): Promise<boolean>
}

type Owner = Pick<FileReader, 'tenantId' | 'userId'>

/** Files that users upload: to be attached to records, or to be the value of a `file` field. */
export class Files {
  readonly #database: Database
  readonly #store: FileStore
  readonly #places = new UploadPlaces(fileLimits.atOnce)

  constructor(database: Database, store: FileStore) {
    this.#database = database
    this.#store = store
  }

  /**
   * Stores an upload; leaves nothing behind when it fails.
   * @param declaredType what its sender calls it: believed for texts only
   * @throws payload-too-large, too-many-requests, invalid-request when it is empty, not-ready when the store is full
   */
  receive(owner: Owner, stream: Readable, { name, declaredType }: { name: string; declaredType: string }): Promise<StoredFile> {
    return this.#places.take(owner.userId, async () => {
      await this.#database.transaction(owner, assertRoom)
      const content = await this.#store.receive(owner.tenantId, stream, fileLimits.bytes)
      try {
        if (content.bytes === 0) throw new OpsFluxError('invalid-request', 'The file is empty. Send its content as the body of the request.')
        return await this.#write(owner, content, name, await mediaTypeOf(content.head, declaredType))
      } finally {
        await content.discard()
      }
    })
  }

  /** A file its reader uploaded, or sees a use of. @throws not-found */
  async find(reader: FileReader, id: string): Promise<StoredFile> {
    const found = await this.#database.transaction(reader, (transaction) => lookUp(transaction, id))
    if (found && (found.file.createdBy === reader.userId || await seesOne(reader, found.uses))) return found.file
    throw notFound()
  }

  /** Its content. @param range first and last byte. @throws not-ready when the store does not have it */
  open(reader: Owner, file: StoredFile, range?: { start: number; end: number }): Promise<Readable> {
    return this.#store.open(reader.tenantId, file.sha256, range)
  }

  /** Removes a file its reader uploaded. @throws not-found, forbidden when another did, conflict while a record uses it */
  async remove(reader: FileReader, id: string): Promise<void> {
    const file = await this.find(reader, id)
    if (file.createdBy !== reader.userId) throw new OpsFluxError('forbidden', 'Only who uploaded a file may delete it.')
    await this.#database.transaction(reader, (transaction) => transaction.texts(sql`delete from opsflux.file where id = ${id}::uuid`)).catch((error: unknown) => {
      throw isForeignKey(error) ? new OpsFluxError('conflict', 'A record uses this file. Remove it there first.', { cause: error }) : error
    })
    await this.#dropContent(reader, file.sha256)
  }

  #write(owner: Owner, content: ReceivedContent, name: string, type: string): Promise<StoredFile> {
    return this.#database.transaction(owner, async (transaction) => {
      await lockContent(transaction, owner.tenantId, content.sha256)
      await content.keep()
      const [row] = await transaction.texts(sql`insert into opsflux.file as f (id, tenant_id, name, type, bytes, sha256, created_by)
        values (${uuidV7()}::uuid, ${owner.tenantId}::uuid, ${name}, ${type}, ${content.bytes}, ${content.sha256}, ${owner.userId}::uuid) returning ${storedFileColumns}`)
      return storedFileOf(row ?? [])
    })
  }

  #dropContent(owner: Owner, sha256: string): Promise<void> {
    return this.#database.transaction(owner, async (transaction) => {
      await lockContent(transaction, owner.tenantId, sha256)
      const rows = await transaction.texts(sql`select from opsflux.file where sha256 = ${sha256} limit 1`)
      if (rows.length === 0) await this.#store.remove(owner.tenantId, sha256)
    })
  }
}

async function lockContent(transaction: DatabaseTransaction, tenantId: string, sha256: string): Promise<void> {
  const [space, name] = contentLock(tenantId, sha256)
  await transaction.texts(sql`select pg_advisory_xact_lock(${space}::integer, hashtext(${name}))`)
}

async function assertRoom(transaction: DatabaseTransaction): Promise<void> {
  const [[count] = []] = await transaction.texts(sql`select count(*) from opsflux.file f where created_by = current_setting('opsflux.user')::uuid and unused_since is not null`)
  if (Number(count) < fileLimits.unused) return
  throw new OpsFluxError('too-many-requests', `You have uploaded ${fileLimits.unused} files that no record uses. Attach or delete some; they go by themselves after ${fileLimits.unusedHours} hours.`)
}

async function lookUp(transaction: DatabaseTransaction, id: string): Promise<{ file: StoredFile; uses: FileUse[] } | undefined> {
  const [[row] = [], uses = []] = await transaction.many([
    sql`select ${storedFileColumns} from opsflux.file f where id = ${id}::uuid`,
    sql`select plugin_id, entity, record_id, field from opsflux.file_use where file_id = ${id}::uuid order by at desc limit ${fileLimits.usesLookedAt}`,
  ])
  return row && { file: storedFileOf(row), uses: uses.map(([pluginId, entity, recordId, field]) => ({ fileId: id.toLowerCase(), pluginId: pluginId ?? '', entity: entity ?? '', id: recordId ?? '', field: field ?? undefined })) }
}

async function seesOne(reader: FileReader, uses: readonly FileUse[]): Promise<boolean> {
  for (const use of uses) if (await reader.maySee(use)) return true
  return false
}

// PostgreSQL waits for a use that is being written, and then knows.
const isForeignKey = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === '23503'
const notFound = (): OpsFluxError => new OpsFluxError('not-found', 'There is no such file, or you may not see it.')
