/* Counts which fields of a conversation the data carry, and holds that against the contract. */
#ifndef STANDIN_CENSUS_H
#define STANDIN_CENSUS_H

/* Prints `count path` for every field and `missing path` for each of the contract that never
 * occurs; returns the exit code: 1 if one is missing. */
int census_print(void);

#endif
