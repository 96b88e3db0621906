/*
 * The files of schema/, and styles, compiled into the program by scripts/embed.sh:
 * sorted by name, without directory and without ".sql"; what is behind the last has no name.
 */
#pragma once

struct embedded_file {
    const char *name;
    const char *text;
};

extern const struct embedded_file embedded_schema[];
/* What takes the program's views out of a file, and what makes them. */
enum { VIEWS_DROP, VIEWS_MAKE };
extern const struct embedded_file embedded_views[];
/* What makes and fills the table temp.dictionary of a connection: a row each relation (position 0),
 * then its columns, of the schema alone; description as the schema's comments have it. */
extern const struct embedded_file embedded_dictionary[];
extern const struct embedded_file embedded_styles[]; /* of pages, in CSS */
