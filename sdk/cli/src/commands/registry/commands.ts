import type { CommandGroup, Commands } from '../../command.ts'
import { init } from './init.ts'
import { key } from './key.ts'
import { add, keys, list, prefixes, remove } from './publisher.ts'
import { renewal } from './renew.ts'
import { revokeRelease } from './revoke.ts'
import { apply } from './root-apply.ts'
import { draft } from './root-draft.ts'
import { show } from './root-show.ts'
import { sign } from './root-sign.ts'
import { rotate } from './rotate.ts'
import { status } from './status.ts'

const root: CommandGroup = { summary: 'drafts, signs, shows and applies the root', load: () => Promise.resolve({ draft, sign, show, apply }) }
const publisher: CommandGroup = { summary: 'says who may publish which ids with which keys', load: () => Promise.resolve({ add, keys, prefixes, remove, list }) }

export const registryCommands: Commands = { key, init, root, rotate, renew: renewal, publisher, revoke: revokeRelease, status }
