#include "base/utf8.h"

/* Bytes a lead byte asks for and its part of the code point; 0 when it can lead nothing. */
static size_t lead_bytes(unsigned char lead, uint32_t *bits)
{
    static const struct {
        unsigned char first, last, mask;
    } leads[] = {{0x00, 0x7F, 0x7F}, {0xC2, 0xDF, 0x1F}, {0xE0, 0xEF, 0x0F}, {0xF0, 0xF4, 0x07}};

    for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
        if (lead >= leads[i].first && lead <= leads[i].last) {
            *bits = lead & leads[i].mask;
            return i + 1;
        }
    }
    return 0;
}

size_t utf8_next(const char *text, size_t length, uint32_t *code)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t value = 0;

    if (length == 0) {
        return 0;
    }
    size_t wanted = lead_bytes((unsigned char)text[0], &value);
    if (wanted == 0 || wanted > length) {
        return 0;
    }
    for (size_t i = 1; i < wanted; i++) {
        unsigned char byte = (unsigned char)text[i];
        if ((byte & 0xC0U) != 0x80U) {
            return 0;
        }
        value = (value << 6) | (byte & 0x3FU);
    }
    if (value < smallest[wanted] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
        return 0;
    }
    *code = value;
    return wanted;
}

size_t utf8_whole_bytes(const char *text, size_t length)
{
    for (size_t back = 1; back <= 3 && back <= length; back++) {
        unsigned char byte = (unsigned char)text[length - back];
        uint32_t bits = 0;

        if ((byte & 0xC0U) == 0x80U) {
            continue;
        }
        return lead_bytes(byte, &bits) > back ? length - back : length;
    }
    return length;
}

bool utf8_is_unsafe(uint32_t code)
{
    static const struct {
        uint32_t first;
        uint32_t last;
    } unsafe[] = {
        {0x00, 0x1F},     {0x7F, 0x9F},     {0x061C, 0x061C}, {0x200E, 0x200F},
        {0x2028, 0x202E}, {0x2066, 0x2069}, {0xFEFF, 0xFEFF},
    };

    for (size_t i = 0; i < sizeof(unsafe) / sizeof(unsafe[0]); i++) {
        if (code >= unsafe[i].first && code <= unsafe[i].last) {
            return true;
        }
    }
    return false;
}
