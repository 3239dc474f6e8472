import type { ChangesOf, InputOf, RecordOf, TransitionOf } from '../entity.ts'
import type { Json } from '../json.ts'
import type { Aggregate, AggregateRow, BulkReport, BulkRequest, HistoryEntry, Page, Query } from '../query.ts'
import type { Attachment, Comment, RecordVersion, RecordVersionDiff, RecordVersionEntry } from '../records.ts'
import { queryString } from './query-string.ts'
import type { Send } from './sender.ts'

/** A record with the revision that `update` and `remove` must present. */
export type Saved<E> = RecordOf<E>

type FieldName<E> = keyof RecordOf<E> & string
/** `owner`, or `incident.owner` over a reference; of paths that are only known at run time nothing is checked. */
type Path<E, X> = string extends X ? string : X extends FieldName<E> | `${FieldName<E>}.${string}` ? X : never
type HeadOf<X> = X extends `${infer Head}.${string}` ? Head : X

/** What a reference is expanded to: the record as the user sees it; of users and the like, `{ id, name }`. */
export interface Expanded { id: string; [field: string]: Json }
/** What the user may not see stays an id. */
type Expansion<T> = T extends string ? string | Expanded : T extends readonly string[] ? (string | Expanded)[] : T
type Chosen<E, F> = [FieldName<E>] extends [F] ? RecordOf<E> : Pick<RecordOf<E>, (F | 'id' | 'revision') & keyof RecordOf<E>>
type Expanding<R, X> = [X] extends [never] ? R : string extends X ? R : { [K in keyof R]: K extends HeadOf<X> ? Expansion<R[K]> : R[K] }
/** A record with the fields that were asked for, those named by `expand` as records. */
export type Answered<E, F = FieldName<E>, X = never> = Expanding<Chosen<E, F>, X>

interface Shape<E, F, X> {
  /** Default all; always with `id` and `revision`. */
  fields?: readonly F[]
  expand?: readonly (X & Path<E, X>)[]
}
export type ListQuery<E, F = FieldName<E>, X = never> = Omit<Query<E>, 'fields' | 'expand'> & Shape<E, F, X> & {
  /** `total` of all pages: counted, or as the database estimates it. */
  count?: boolean | 'estimated'
}
export interface PageQuery { limit?: number; after?: string }

/** REST resource of one entity. Errors are OpsFluxError with the server's code. Creations are sent with an `Idempotency-Key`. */
export interface EntityApi<E> {
  list<const F extends FieldName<E> = FieldName<E>, const X extends string = never>(query?: ListQuery<E, F, X>): Promise<Page<Answered<E, F, X>>>
  get<const F extends FieldName<E> = FieldName<E>, const X extends string = never>(id: string, query?: Shape<E, F, X> & { deleted?: boolean }): Promise<Answered<E, F, X>>
  aggregate(aggregate: Aggregate<E>): Promise<AggregateRow[]>
  create(input: InputOf<E>): Promise<Saved<E>>
  /** @throws stale-record when `revision` is not the current one. */
  update(id: string, changes: ChangesOf<E>, revision: number): Promise<Saved<E>>
  /** Puts it in the bin where the entity has one. */
  remove(id: string, revision: number): Promise<void>
  /** Out of the bin. */
  restore(id: string, revision: number): Promise<Saved<E>>
  /** For good, from the bin. */
  purge(id: string, revision: number): Promise<void>
  transition(id: string, name: TransitionOf<E>, revision: number): Promise<Saved<E>>
  /** Up to 1,000 writes: all or none, unless `atomic` is false. */
  bulk(request: BulkRequest<E>): Promise<BulkReport>
  /** The latest first. */
  history(id: string, query?: PageQuery): Promise<Page<HistoryEntry>>
  /** For entities with the feature; as are the others below. @throws not-found without it */
  comments: {
    list(id: string, query?: PageQuery): Promise<Page<Comment>>
    create(id: string, input: { text: string; parent?: string | null }): Promise<Comment>
    update(id: string, commentId: string, text: string): Promise<Comment>
    remove(id: string, commentId: string): Promise<void>
  }
  attachments: {
    list(id: string, query?: PageQuery): Promise<Page<Attachment>>
    /** @param fileId of `POST /api/files` */
    create(id: string, fileId: string): Promise<Attachment>
    remove(id: string, fileId: string): Promise<void>
  }
  versions: {
    /** The latest first. */
    list(id: string, query?: PageQuery): Promise<Page<RecordVersionEntry>>
    get(id: string, version: number): Promise<RecordVersion>
    diff(id: string, from: number, to: number): Promise<RecordVersionDiff>
    /** Writes the values of that version, as an update like any other. @param revision the current one */
    restore(id: string, version: number, revision: number): Promise<Saved<E>>
  }
}

export function entityApi<E>(send: Send, name: string): EntityApi<E> {
  const at = (...steps: (string | number)[]): string => ['', name, ...steps.map((step) => encodeURIComponent(step))].join('/')
  const answer = <T>(sent: Promise<unknown>): Promise<T> => sent as Promise<T>
  const read = <T>(path: string, query: object = {}): Promise<T> => answer(send('GET', path + queryString(query)))
  return {
    list: (query) => read(at(), query),
    get: (id, query) => read(at(id), query),
    aggregate: (aggregate) => answer(send('POST', at('aggregate'), { body: aggregate })),
    create: (input) => answer(send('POST', at(), { body: input, keyed: true })),
    update: (id, changes, revision) => answer(send('PATCH', at(id), { body: changes, revision })),
    remove: (id, revision) => answer(send('DELETE', at(id), { revision })),
    restore: (id, revision) => answer(send('POST', at(id, 'restore'), { revision })),
    purge: (id, revision) => answer(send('POST', at(id, 'purge'), { revision })),
    transition: (id, step, revision) => answer(send('POST', at(id, 'transitions', step), { revision })),
    bulk: (request) => answer(send('POST', at('bulk'), { body: request, keyed: true })),
    history: (id, query) => read(at(id, 'history'), query),
    comments: {
      list: (id, query) => read(at(id, 'comments'), query),
      create: (id, input) => answer(send('POST', at(id, 'comments'), { body: input, keyed: true })),
      update: (id, commentId, text) => answer(send('PATCH', at(id, 'comments', commentId), { body: { text } })),
      remove: (id, commentId) => answer(send('DELETE', at(id, 'comments', commentId))),
    },
    attachments: {
      list: (id, query) => read(at(id, 'attachments'), query),
      create: (id, file) => answer(send('POST', at(id, 'attachments'), { body: { file }, keyed: true })),
      remove: (id, fileId) => answer(send('DELETE', at(id, 'attachments', fileId))),
    },
    versions: {
      list: (id, query) => read(at(id, 'versions'), query),
      get: (id, version) => read(at(id, 'versions', version)),
      diff: (id, from, to) => read(at(id, 'versions', from, 'diff', to)),
      restore: (id, version, revision) => answer(send('POST', at(id, 'versions', version, 'restore'), { revision })),
    },
  }
}
