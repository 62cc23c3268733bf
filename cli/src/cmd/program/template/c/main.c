/* A task program: count, sum, least and greatest of the whole numbers on stdin.
 *
 * stdin:  whole numbers of 64 bits, apart by white space; at least one; their sum fits 64 bits
 * stdout: four lines, `count N`, `sum N`, `least N`, `greatest N`
 * exit:   0; 65 for other input, with a sentence on stderr
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Says that the input is at fault: the task then ends with the error "bad arguments". */
#define EXIT_BAD_ARGUMENTS 65
/* Longest word that can be a number of 64 bits; leading zeros count. */
#define WORD_BYTES_MAX 64

static int refuse(const char *sentence, const char *word)
{
    fprintf(stderr, "%s%s\n", sentence, word);
    return EXIT_BAD_ARGUMENTS;
}

/* Reads the next word: its length, 0 at the end, -1 if it is longer than any number. */
static int next_word(char word[WORD_BYTES_MAX + 1])
{
    int length = 0;
    int letter = getchar();
    while (letter != EOF && isspace(letter))
        letter = getchar();
    while (letter != EOF && !isspace(letter)) {
        if (length == WORD_BYTES_MAX)
            return -1;
        word[length++] = (char)letter;
        letter = getchar();
    }
    word[length] = '\0';
    return length;
}

int main(void)
{
    char word[WORD_BYTES_MAX + 1];
    int64_t count = 0, sum = 0, least = INT64_MAX, greatest = INT64_MIN;
    int length;
    while ((length = next_word(word)) != 0) {
        char *end;
        int64_t number;
        if (length < 0)
            return refuse("a word is too long for a number of 64 bits", "");
        errno = 0;
        number = strtoll(word, &end, 10);
        if (errno != 0 || end != word + length)
            return refuse("not a whole number of 64 bits: ", word);
        if (__builtin_add_overflow(sum, number, &sum))
            return refuse("the sum is beyond 64 bits at: ", word);
        ++count;
        if (number < least)
            least = number;
        if (number > greatest)
            greatest = number;
    }
    if (count == 0)
        return refuse("there is no number in the input", "");
    printf("count %" PRId64 "\nsum %" PRId64 "\nleast %" PRId64 "\ngreatest %" PRId64 "\n", count, sum, least,
           greatest);
    /* What stdout did not take is not a result. */
    return fflush(stdout) == 0 && !ferror(stdin) ? EXIT_SUCCESS : EXIT_FAILURE;
}
