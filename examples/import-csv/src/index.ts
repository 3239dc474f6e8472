export { importCsv } from './import-csv.ts'
export type { ImportOptions, ImportReport } from './import-csv.ts'
export { mapRow, readMapping } from './mapping.ts'
export type { FieldMapping, FieldValue, Mapping, Row } from './mapping.ts'
