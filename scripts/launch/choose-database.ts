import type { Database } from './database.ts'
import { EmbeddedDatabase } from './embedded-database.ts'
import { ExternalDatabase } from './external-database.ts'
import type { Settings } from './settings.ts'

/** The one that DATABASE_URL names, or the embedded one. */
export function databaseOf(settings: Settings, tell: (message: string) => void): Database {
  return settings.databaseUrl ? new ExternalDatabase(settings.databaseUrl) : new EmbeddedDatabase(settings, tell)
}
