/** What the package exports: the scheduler library and the types it speaks. */
export {};
