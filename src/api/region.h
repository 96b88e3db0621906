/*
 * Regions of Genesys Cloud as data, and what users paste in their place.
 *
 * Source: the vendor's SDKs' region table (18 regions). The domain stays a free setting, since
 * regions are added often: a domain that looks like one but is not in the table is taken with a
 * warning by the caller (*known is false).
 */
#ifndef ROLLCALL_API_REGION_H
#define ROLLCALL_API_REGION_H

#include "base/arena.h"
#include "base/err.h"

struct region {
    const char *aws;    /* "ap-northeast-2" */
    const char *domain; /* "apne2.pure.cloud" */
};

extern const struct region region_table[];
extern const size_t region_count;

/* Turns an AWS name (ap-northeast-2, ap_northeast_2), a domain (mypurecloud.jp), or any URL or host
 * of the platform (https://apps.mypurecloud.de/directory/#/..., login.usw2.pure.cloud) into the
 * region's domain, in the arena. *known tells whether it is in the table. ERR_CONFIG with the
 * nearest name otherwise. */
const char *region_domain(struct arena *a, const char *text, bool *known, struct err *e);

#endif
