export { secretMigrations } from './migrations.ts'
export { eraseSecrets, PluginSecrets } from './plugin-secrets.ts'
export type { PluginSecretsOptions, SecretOwner, SecretState } from './plugin-secrets.ts'
export { secretRoutes } from './routes.ts'
