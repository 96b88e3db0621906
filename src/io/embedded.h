/*
 * The files of schema/, and styles, compiled into the program by scripts/embed.sh:
 * sorted by name, without directory and without ".sql".
 */
#pragma once

#include <stddef.h>

struct embedded_file {
    const char *name;
    const char *text;
};

extern const struct embedded_file embedded_schema[];
extern const size_t embedded_schema_count;
/* What takes the program's views out of a file, and what makes them. */
enum { VIEWS_DROP, VIEWS_MAKE };
extern const struct embedded_file embedded_views[];
extern const size_t embedded_views_count;
/* What makes and fills the table temp.dictionary of a connection: a row each relation (position 0),
 * then its columns, of the schema alone; description as the schema's comments have it. */
extern const struct embedded_file embedded_dictionary[];
extern const size_t embedded_dictionary_count;
extern const struct embedded_file embedded_styles[]; /* of pages, in CSS */
extern const size_t embedded_styles_count;
