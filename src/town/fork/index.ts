// The door of this folder: what `gt fork` needs.

export { makeFork } from './make.ts'
export { checkPlace as checkForkPlace } from './place.ts'
