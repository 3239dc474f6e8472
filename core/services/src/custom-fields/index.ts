export { CustomFields } from './custom-fields.ts'
export type { CustomFieldParts } from './custom-fields.ts'
export { customFieldMigrations } from './migrations.ts'
export { customFieldRoutes, mayManageFields } from './routes.ts'
