#include "test.h"

#include "base/str.h"

TEST(next_takes_whole_characters_only)
{
    static const struct {
        const char *text;
        size_t bytes;
        uint32_t code;
    } rows[] = {
        {"", 0, 0},
        {"A", 1, 'A'},
        {"\x7F", 1, 0x7F},
        {"\xC2\x80", 2, 0x80},
        {"\xDF\xBF", 2, 0x7FF},
        {"\xE0\xA0\x80", 3, 0x800},
        {"\xED\x9F\xBF", 3, 0xD7FF},
        {"\xEE\x80\x80", 3, 0xE000},
        {"\xEF\xBF\xBF", 3, 0xFFFF},
        {"\xF0\x90\x80\x80", 4, 0x10000},
        {"\xF4\x8F\xBF\xBF", 4, 0x10FFFF},
        {"\x80", 0, 0},             /* a continuation alone */
        {"\xC0\x80", 0, 0},         /* overlong */
        {"\xC1\xBF", 0, 0},         /* overlong */
        {"\xE0\x9F\xBF", 0, 0},     /* overlong */
        {"\xF0\x8F\xBF\xBF", 0, 0}, /* overlong */
        {"\xED\xA0\x80", 0, 0},     /* surrogate */
        {"\xED\xBF\xBF", 0, 0},     /* surrogate */
        {"\xF4\x90\x80\x80", 0, 0}, /* over U+10FFFF */
        {"\xF5\x80\x80\x80", 0, 0},
        {"\xFF", 0, 0},
        {"\xE2\x82", 0, 0},     /* cut */
        {"\xE2\x82\x41", 0, 0}, /* not continued */
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        uint32_t code = 0;

        assert_int_equal(utf8_next(rows[i].text, strlen(rows[i].text), &code), rows[i].bytes);
        assert_int_equal(code, rows[i].code);
    }
}

TEST(unsafe_ranges_have_their_borders)
{
    static const struct {
        uint32_t code;
        bool unsafe;
    } rows[] = {
        {0x00, true},    {0x1F, true},    {' ', false},    {'~', false},    {0x7F, true},
        {0x80, true},    {0x9F, true},    {0xA0, false},   {0x061B, false}, {0x061C, true},
        {0x200D, false}, {0x200E, true},  {0x200F, true},  {0x2010, false}, {0x2027, false},
        {0x2028, true},  {0x202E, true},  {0x202F, false}, {0x2065, false}, {0x2066, true},
        {0x2069, true},  {0x206A, false}, {0xFEFF, true},  {0xAC00, false}, {0x1F600, false},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(utf8_is_unsafe(rows[i].code), rows[i].unsafe);
    }
}
