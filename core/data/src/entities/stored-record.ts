import type { TextRow } from '../database/batch.ts'
import { rowToJson, rowToRecord, type Column } from './columns.ts'
import type { Row } from './entity-transaction.ts'

/** A record as it came from the database; written as JSON, or read into an object, when that is asked for. */
export class StoredRecord {
  readonly columns: readonly Column[]
  readonly row: TextRow
  #record: Row | undefined

  constructor(columns: readonly Column[], row: TextRow) {
    this.columns = columns
    this.row = row
  }

  get id(): string {
    return this.text('id') ?? ''
  }

  get revision(): number {
    return Number(this.text('revision'))
  }

  /** As PostgreSQL writes it. */
  text(field: string): string | null {
    return this.row[this.columns.findIndex((column) => column.field === field)] ?? null
  }

  record(): Row {
    this.#record ??= rowToRecord(this.columns, this.row)
    return this.#record
  }

  toJson(): string {
    return rowToJson(this.columns, this.row)
  }

  /** With other columns of the same fields, or with fewer. */
  as(columns: readonly Column[]): StoredRecord {
    if (columns === this.columns) return this
    const places = new Map(this.columns.map((column, index) => [column.field, index]))
    return new StoredRecord(columns, columns.map(({ field }) => this.row[places.get(field) ?? -1] ?? null))
  }
}
