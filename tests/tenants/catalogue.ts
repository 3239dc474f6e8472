/** Tables that hold nothing of a tenant, and why. What is not here must be kept apart by tenant. */
export const tablesOfNoTenant: Readonly<Record<string, string>> = {
  'opsflux.after_step': 'steps of a module’s migrations: one set of tables for all tenants',
  'opsflux.change_plan': 'what would be done to a module, for the platform as a whole',
  'opsflux.installation': 'which release of a module runs: one for all tenants, and every request reads it',
  'opsflux.kept_data': 'which data of uninstalled modules is kept; the rows themselves stay in the module’s schema',
  'opsflux.kernel_migration': 'what was done to the platform’s own tables',
  'opsflux.operation': 'what was done to a module, for the platform as a whole',
  'opsflux.plugin_migration': 'what was done to a module’s tables',
  'opsflux.registry_state': 'how old the registry’s word is',
  'opsflux.registry_version': 'the registry’s word',
  'opsflux.release_seal': 'what unpacked releases must be',
  'opsflux.restore_point': 'what a module is brought back with; the rows are in schemas that no request can reach',
  'opsflux.revoked_release': 'the registry’s word',
  'opsflux.sandbox_limit': 'what a module may use on every host',
  'opsflux.staged_change': 'changes of modules between host and owner role',
}

/** Tables that hold something of a tenant and that no request reaches at all: the administrator's role alone. */
export const tablesOfNoRequest: readonly string[] = ['opsflux.plugin_secret']

/** Functions that run with the rights of their owner, who may call them, and what for. Each has a fixed search path. */
export const definerFunctions: Readonly<Record<string, { callers: readonly string[]; does: string }>> = {
  'opsflux.account_of(uuid,uuid)': { callers: ['opsflux_app'], does: 'answers who a user of a tenant is; both must fit' },
  'opsflux.add_system_roles()': { callers: [], does: 'is a trigger: gives a new tenant its three roles' },
  'opsflux.change_locale(text,text)': { callers: ['opsflux_app'], does: 'changes the language of whom a session belongs to' },
  'opsflux.change_password(text,text)': { callers: ['opsflux_app'], does: 'changes the password of whom a session belongs to, and ends the other sessions' },
  'opsflux.close_session(text)': { callers: ['opsflux_app'], does: 'ends the session of a token' },
  'opsflux.find_for_sign_in(text)': { callers: ['opsflux_app'], does: 'answers the password hash for an e-mail address, before a tenant is known' },
  'opsflux.finish_change(uuid,text)': { callers: ['p_hse_guarded_owner', 'p_hse_notes_owner'], does: 'writes what the host staged for the module whose owner calls' },
  'opsflux.held_by(uuid)': { callers: [], does: 'answers the roles of a user; called by the others here' },
  'opsflux.note_failed_sign_in(uuid)': { callers: ['opsflux_app'], does: 'counts failures of an account, before a tenant is known' },
  'opsflux.note_file_use()': { callers: [], does: 'is a trigger: notes on a file whether a record uses it' },
  'opsflux.open_session(uuid,text,interval)': { callers: ['opsflux_app'], does: 'opens a session for whom the host has checked' },
  'opsflux.session_of(text)': { callers: ['opsflux_app'], does: 'answers whose session a token is' },
  'opsflux.session_user_of(text)': { callers: ['opsflux_app'], does: 'answers whose session a token is, with the password hash' },
}

/** What of these tables requests may do; of all others of a tenant: read, add, change and delete rows. */
export const narrowGrants: Readonly<Record<string, readonly string[]>> = {
  'opsflux.audit_entry': ['INSERT', 'SELECT'],
  'opsflux.capability_refusal': [],
  'opsflux.comment': ['DELETE', 'INSERT', 'SELECT'],
  'opsflux.file': ['DELETE', 'INSERT', 'SELECT'],
  'opsflux.file_use': ['DELETE', 'INSERT', 'SELECT'],
  'opsflux.idempotent_request': ['DELETE', 'INSERT', 'SELECT'],
  'opsflux.installation_tenant': ['SELECT'],
  'opsflux.outbox': ['INSERT'],
  'opsflux.sequence_counter': ['INSERT', 'SELECT', 'UPDATE'],
  'opsflux.tenant': ['SELECT'],
  'opsflux.user_account': [],
  'opsflux.user_session': [],
}
