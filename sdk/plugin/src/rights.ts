/** What users may be permitted to do: the middle of `<app>.<action>.<scope>`. */
export const actions = ['view', 'create', 'edit', 'delete', 'manage', 'approve', 'export'] as const
export type Action = (typeof actions)[number]
export const scopes = ['all', 'company', 'department', 'own'] as const
export type Scope = (typeof scopes)[number]
