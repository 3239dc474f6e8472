/** Class names come from packages of strangers and go into the one stylesheet of the platform. */
export const classLimits = { count: 4_000, length: 200 } as const

/** Whether a class name may go into the platform's stylesheet: nothing that loads, nothing that ends the rule. */
export function isSafeClass(name: string): boolean {
  return name.length > 0 && name.length <= classLimits.length && !/[\s;{}\\<]|@import|(?:url|src|image|image-set|expression)\(/i.test(name)
}
