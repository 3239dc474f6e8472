export { hookChains, hookProblem, ownKey } from './hook-chains.ts'
export type { HookChains } from './hook-chains.ts'
export { orderHooks } from './hook-order.ts'
