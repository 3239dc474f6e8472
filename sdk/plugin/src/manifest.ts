import type { CapabilityName } from './capabilities.ts'
import type { EntityDeclaration } from './entity.ts'
import type { FieldDeclaration } from './fields.ts'
import type { PluginLimits } from './limits.ts'
import type { HookEvent, MenuDeclaration, PermissionDeclaration } from './plugin.ts'

/** One migration of a plugin, numbered from `0001`. */
export interface MigrationEntry {
  /** `0001-init`: the files are `migrations/0001-init.up.sql` and `.down.sql`. */
  id: string
  /** False: there is no `.down.sql`; the way back is the restore point. */
  reversible: boolean
  /** True: there is a `.after.sql`, statements such as `create index concurrently` that run one by one once the change is committed, and again after a crash. */
  after?: boolean
}

export interface ClientBundle {
  /** Path in the package of the ES module whose default export is `defineClient(…)`. */
  entry: string
  css: string[]
  /** Subresource integrity (`sha384-…`) of every client file, by path in the package. */
  integrity: Record<string, string>
  /** Tailwind class names used, for the host's one stylesheet. */
  classes: string[]
}

export interface RouteEntry {
  name: string
  method: 'GET' | 'POST'
  path: string
  action: string
  query: Record<string, FieldDeclaration>
  body: Record<string, FieldDeclaration>
}

/** A capability as a plugin asks for it. */
export interface CapabilityEntry {
  name: CapabilityName
  reason: string
  required: boolean
  /** `http.fetch` only. */
  hosts?: string[]
}

export interface SecretEntry {
  name: string
  reason: string
  required: boolean
  hosts?: string[]
}

/** `plugin.json`: all that a plugin declares, read and signed without running its code. */
export interface PluginManifest {
  formatVersion: 1
  id: string
  version: string
  publisher: string
  name: string
  summary: string
  icon: string
  category: string
  sdk: string
  capabilities: CapabilityEntry[]
  secrets?: SecretEntry[]
  limits?: Partial<PluginLimits>
  dependencies: Record<string, string>
  entities: EntityDeclaration[]
  permissions: PermissionDeclaration[]
  menus: MenuDeclaration[]
  /** By entity; those of other plugins as `hse-reports/incident`. */
  hooks: Record<string, HookEvent[]>
  hookOrder?: { after?: string[]; before?: string[] }
  routes: RouteEntry[]
  migrations: MigrationEntry[]
  /** Path of the sandbox bundle, absent when the plugin has no server code. */
  server?: string
  client?: ClientBundle
  locales: string[]
}

/** `manifest.json`: what is in the package; its exact bytes are signed by the publisher in `manifest.sig`. */
export interface PackageManifest {
  formatVersion: 1
  id: string
  version: string
  publisher: string
  sdk: string
  /** Every other file but `manifest.sig`, sorted by path. */
  files: { path: string; size: number; sha256: string }[]
}

/** `manifest.sig`: an Ed25519 signature over the bytes of `manifest.json`. */
export interface PackageSignature {
  /** TUF key id of the publisher's key. */
  keyid: string
  /** Hexadecimal. */
  sig: string
}

/** Version of the SDK this platform offers; plugins ask for it by `sdk` range. */
export const sdkVersion = '1.1.0'
/** Ids that plugins cannot take: they are paths of the platform's own API. */
export const reservedIds = ['auth', 'session', 'modules', 'platform', 'users', 'health', 'me', 'openapi', 'docs', 'files', 'companies', 'departments', 'roles', 'custom-fields', 'audit'] as const
export const pluginIdPattern = /^(?=.{3,40}$)[a-z][a-z0-9]*(-[a-z0-9]+)*$/
