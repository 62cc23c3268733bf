/* A task program: the Mandelbrot set as a PGM image.
 *
 * stdin:  "width height iterations", decimal numbers apart by white space
 * stdout: a binary PGM (P5): black inside the set, bands of grey around it
 * exit:   0; 65 for arguments that are not three numbers in range, with a sentence on stderr
 *
 * Doubles are IEEE 754 on every node and only + - * and comparisons are used, so every node writes the same bytes.
 */
#include <stdint.h>
#include <unistd.h>

/* Bounds of the arguments: the image fits a default task's output of 32 MiB, the work ends. */
#define SIDE_MAX 4096
#define ITERATIONS_MAX 100000
/* Longest arguments: three numbers and room for white space. */
#define INPUT_BYTES_MAX 256

/* Says that the input is at fault: the task's error is then "bad arguments". */
#define EXIT_BAD_ARGUMENTS 65

static int refuse(const char *sentence, size_t length)
{
    if (write(2, sentence, length) < 0)
        return 1;
    return EXIT_BAD_ARGUMENTS;
}

#define REFUSE(sentence) refuse(sentence "\n", sizeof(sentence))

static int is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Reads one number from text[*at..length); -1 if there is none or it is beyond max. */
static long number(const char *text, size_t length, size_t *at, long max)
{
    long value = 0;
    size_t digits = 0;
    while (*at < length && is_space(text[*at]))
        ++*at;
    while (*at < length && text[*at] >= '0' && text[*at] <= '9') {
        value = value * 10 + (text[*at] - '0');
        if (value > max)
            return -1;
        ++*at;
        ++digits;
    }
    if (digits == 0 || (*at < length && !is_space(text[*at])))
        return -1;
    return value;
}

static int write_all(const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(1, bytes, length);
        if (written <= 0)
            return -1;
        bytes += written;
        length -= (size_t)written;
    }
    return 0;
}

static size_t append(uint8_t *line, size_t at, long value, char end)
{
    char digits[20];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    while (count > 0)
        line[at++] = (uint8_t)digits[--count];
    line[at++] = (uint8_t)end;
    return at;
}

static long escape(double re, double im, long iterations)
{
    double x = 0.0, y = 0.0;
    for (long i = 0; i < iterations; ++i) {
        double xx = x * x, yy = y * y;
        if (xx + yy > 4.0)
            return i;
        y = 2.0 * x * y + im;
        x = xx - yy + re;
    }
    return iterations;
}

int main(void)
{
    char text[INPUT_BYTES_MAX + 1];
    size_t length = 0;
    for (;;) {
        ssize_t got = read(0, text + length, sizeof text - length);
        if (got < 0)
            return REFUSE("the arguments cannot be read");
        if (got == 0)
            break;
        length += (size_t)got;
        if (length > INPUT_BYTES_MAX)
            return REFUSE("the arguments are longer than 256 bytes");
    }

    size_t at = 0;
    long width = number(text, length, &at, SIDE_MAX);
    long height = width < 0 ? -1 : number(text, length, &at, SIDE_MAX);
    long iterations = height < 0 ? -1 : number(text, length, &at, ITERATIONS_MAX);
    while (at < length && is_space(text[at]))
        ++at;
    if (width < 1 || height < 1 || iterations < 1 || at != length)
        return REFUSE("expected: WIDTH HEIGHT ITERATIONS (1 to 4096, 1 to 4096, 1 to 100000)");

    static uint8_t row[SIDE_MAX];
    size_t head = 0;
    row[head++] = 'P';
    row[head++] = '5';
    row[head++] = '\n';
    head = append(row, head, width, ' ');
    head = append(row, head, height, '\n');
    head = append(row, head, 255, '\n');
    if (write_all(row, head) != 0)
        return 1;

    /* The set lies within -2.5..1 and -1.25..1.25. */
    for (long y = 0; y < height; ++y) {
        double im = 1.25 - 2.5 * (double)y / (double)height;
        for (long x = 0; x < width; ++x) {
            double re = -2.5 + 3.5 * (double)x / (double)width;
            long steps = escape(re, im, iterations);
            row[x] = steps == iterations ? 0 : (uint8_t)(255 - steps * 9 % 208);
        }
        if (write_all(row, (size_t)width) != 0)
            return 1;
    }
    return 0;
}
