/**
 * What a plugin may be granted beyond its own data. A closed list: unknown names are refused at build and at install.
 * An admin grants at install, and narrows or takes back later without a new release.
 */
export const capabilities = {
  'users.read': { risk: 'review', title: 'Read the names of the users of your organisation' },
  'http.fetch': { risk: 'high', title: 'Send requests to the hosts listed' },
  'secrets.read': { risk: 'high', title: 'Read its secrets, not only send them' },
} as const satisfies Record<string, { risk: 'normal' | 'review' | 'high'; title: string }>

export type CapabilityName = keyof typeof capabilities

/** What an admin has granted. `hosts` is there for `http.fetch` only. */
export interface CapabilityGrant {
  name: CapabilityName
  hosts?: string[]
}

/**
 * A host that requests may go to: `api.example.com`, or `*.example.com` for every name below it (not itself); with `:8443`
 * another port than 443. Lower case, ASCII (punycode), no address, at least two labels: addresses and single names are an
 * admin's to allow (`OPSFLUX_PRIVATE_HOSTS`), never a plugin's to ask for.
 */
export const hostPattern = /^(?=.{4,253}$)(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])(:[1-9]\d{0,4})?$/

/** Capability `users.read`. */
export interface Users {
  /** Names of users of the tenant by id, at most 200 ids; unknown ids are left out. @throws capability-denied */
  names(ids: readonly string[]): Promise<Record<string, string>>
}

export interface HttpRequest {
  /** Default `GET`. */
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /**
   * `{{secret.apiKey}}` in a value is replaced by the host with the secret of that name: the plugin never holds it, and an
   * answer that repeats it has it blanked out. Hop-by-hop headers, `host` and `cookie` are refused.
   */
  headers?: Readonly<Record<string, string>>
  /** Text, at most 512 KiB. */
  body?: string
  /** How `body` of the answer is given. Default `text` (UTF-8). */
  responseType?: 'text' | 'base64'
  /** Milliseconds for everything, redirects included; 1 to 10,000. Default 10,000. */
  timeoutMs?: number
}

export interface HttpResponse {
  status: number
  /** Lower-case names; `set-cookie` is left out. */
  headers: Record<string, string>
  /** At most 512 KiB; a longer answer is an error. */
  body: string
  /** Where the answer came from, after redirects (at most 3, each within the granted hosts). */
  url: string
}

/** Capability `http.fetch`. */
export interface Http {
  /**
   * Sends a request to a granted host, over HTTPS. Answers of every status are answers; only what never came is an error.
   * A call sends one request at a time. In a hook, the requests of all hooks of one write have 3 seconds together: the write,
   * its rows and its connection to the database wait for them. Routes hold no connection before their first use of `db`.
   * @throws capability-denied when the host is not granted, egress-refused when the name leads to a private address,
   * secret-missing, fetch-failed (no answer, too slow, too long), plugin-failed when the request itself is malformed
   */
  fetch(url: string, request?: HttpRequest): Promise<HttpResponse>
}

/** Capability `secrets.read`: for signatures and the like, where a header template does not do. */
export interface Secrets {
  /** @throws capability-denied, secret-missing when no admin has set it */
  get(name: string): Promise<string>
}
