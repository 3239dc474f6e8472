/** What can cross an isolate, a socket or a JSON column. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
