import { schemaOf } from '@opsflux/migrations'

export { schemaOf } from '@opsflux/migrations'

/** Login role that owns it: `p_hse_reports_owner`. The database function `opsflux.finish_change` computes the same. */
export const ownerOf = (pluginId: string): string => `${schemaOf(pluginId)}_owner`

/** Schema that holds the rows of a restore point. */
export const restoreSchemaOf = (restorePointId: string): string => `r_${restorePointId.replaceAll('-', '')}`

/** Tables that down migrations put data aside in: out of reach for requests, ignored when data is compared. */
export const isKeptTable = (table: string): boolean => table.startsWith('kept_')

/** Columns of fields that a release no longer has, for the next one to drop. */
export const isDroppedColumn = (column: string): boolean => column.startsWith('dropped_')
