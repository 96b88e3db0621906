/* Makes the figures that are owed in a file, as every command does that may write: for tests that
 * change records behind the program's back. */
#include <stdio.h>

#include "streams/figures.h"

int main(int argc, char **argv)
{
    struct err e = {0};
    struct db *d = argc == 2 ? db_open(argv[1], DB_WRITE, &e) : NULL;
    bool made = d && figures_settle(d, &e);

    db_close(d);
    if (!made) {
        fprintf(stderr, "figures: %s\n", argc == 2 ? e.message : "one file is to be given");
    }
    return !made;
}
